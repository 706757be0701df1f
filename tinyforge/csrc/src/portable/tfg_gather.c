#include "tfg/tfg_gather.h"

#include <string.h>

#include "../tfg_internal.h"

void tfg_gather(const tfg_gather_t *p, const void *input, const int32_t *indices, void *output)
{
    const uint8_t *from = (const uint8_t *)input;
    uint8_t *to = (uint8_t *)output;
    for (int32_t batch = 0; batch < p->batches; batch++) {
        for (int32_t outer = 0; outer < p->outer; outer++) {
            for (int32_t i = 0; i < p->count; i++) {
                const int32_t index = tfg_min(tfg_max(indices[i], 0), p->size - 1);
                memcpy(to, from + index * p->run, (size_t)p->run);
                to += p->run;
            }
            from += p->size * p->run;
        }
        indices += p->count;
    }
}
