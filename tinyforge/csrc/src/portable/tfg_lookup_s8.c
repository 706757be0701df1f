#include "tfg/tfg_lookup_s8.h"

#include "../tfg_internal.h"

void tfg_lookup_s8(const tfg_lookup_s8_t *p, const void *input, void *output)
{
    const int8_t *table = p->table;
    const uint8_t *in = input;
    int8_t *out = output;
    for (int32_t i = 0; i < p->elements; i++) {
        out[i] = table[in[i]];
    }
}
