/* Means, for the kernel TFG_MEAN_KERNEL whose parameters are a TFG_MEAN. */
#ifndef TFG_MEAN_H
#define TFG_MEAN_H

#include "../tfg_internal.h"

static int32_t sum(const TFG_MEAN *p, const int8_t *input)
{
    int32_t total = p->bias;
    for (int32_t i = 0; i < p->count_0; i++) {
        for (int32_t j = 0; j < p->count_1; j++) {
            const int8_t *row = input + i * p->stride_0 + j * p->stride_1;
            for (int32_t k = 0; k < p->count_2; k++) {
                total += row[k * p->stride_2];
            }
        }
    }
    return total;
}

void TFG_MEAN_KERNEL(const TFG_MEAN *p, const int8_t *input, int8_t *output)
{
    for (int32_t i = 0; i < p->kept_0; i++) {
        for (int32_t j = 0; j < p->kept_1; j++) {
            const int8_t *row = input + i * p->kept_stride_0 + j * p->kept_stride_1;
            for (int32_t k = 0; k < p->kept_2; k++) {
                int32_t mean = tfg_requantize(sum(p, row + k * p->kept_stride_2), p->multiplier, p->exponent);
                *output++ = tfg_clamp_s8(tfg_add_wrap(mean, p->zero_point), INT8_MIN, INT8_MAX);
            }
        }
    }
}

#endif /* TFG_MEAN_H */
