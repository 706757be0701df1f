#include "tfg/tfg_reduce_max_s8.h"

#include "../tfg_internal.h"

static int8_t most(const tfg_reduce_max_s8_t *p, const int8_t *input)
{
    int8_t best = INT8_MIN;
    for (int32_t i = 0; i < p->count_0; i++) {
        for (int32_t j = 0; j < p->count_1; j++) {
            const int8_t *row = input + i * p->stride_0 + j * p->stride_1;
            for (int32_t k = 0; k < p->count_2; k++) {
                const int8_t value = (int8_t)(row[k * p->stride_2] ^ p->flip);
                best = value > best ? value : best;
            }
        }
    }
    return (int8_t)(best ^ p->flip);
}

void tfg_reduce_max_s8(const tfg_reduce_max_s8_t *p, const int8_t *input, int8_t *output)
{
    for (int32_t i = 0; i < p->kept_0; i++) {
        for (int32_t j = 0; j < p->kept_1; j++) {
            const int8_t *row = input + i * p->kept_stride_0 + j * p->kept_stride_1;
            for (int32_t k = 0; k < p->kept_2; k++) {
                *output++ = most(p, row + k * p->kept_stride_2);
            }
        }
    }
}
