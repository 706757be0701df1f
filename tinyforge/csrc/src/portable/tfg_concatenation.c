#include "tfg/tfg_concatenation.h"

#include <string.h>

#include "../tfg_internal.h"

void tfg_concatenation(const tfg_concatenation_t *p, const void *input, void *output)
{
    const uint8_t *from = (const uint8_t *)input;
    uint8_t *to = (uint8_t *)output + p->offset;
    for (int32_t i = 0; i < p->count; i++) {
        memcpy(to, from, (size_t)p->chunk);
        from += p->chunk;
        if (i + 1 < p->count) {
            to += p->stride;
        }
    }
}
