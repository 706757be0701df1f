#include "tfg/tfg_limit_s8.h"

#include "../tfg_internal.h"

void tfg_limit_s8(const tfg_limit_s8_t *p, const int8_t *input, int8_t *output)
{
    const int32_t min = p->min;
    const int32_t max = p->max;
    for (int32_t i = 0; i < p->elements; i++) {
        output[i] = tfg_clamp_s8(input[i], min, max);
    }
}
