#include "tfg/tfg_sum_u8.h"

#include "../tfg_internal.h"

static int32_t sum(const tfg_sum_u8_t *p, const uint8_t *input)
{
    int32_t total = p->bias;
    for (int32_t i = 0; i < p->count_0; i++) {
        for (int32_t j = 0; j < p->count_1; j++) {
            const uint8_t *row = input + i * p->stride_0 + j * p->stride_1;
            for (int32_t k = 0; k < p->count_2; k++) {
                total += row[k * p->stride_2];
            }
        }
    }
    return total;
}

void tfg_sum_u8(const tfg_sum_u8_t *p, const void *input, void *output)
{
    const uint8_t *in = input;
    uint8_t *out = output;
    for (int32_t i = 0; i < p->kept_0; i++) {
        for (int32_t j = 0; j < p->kept_1; j++) {
            const uint8_t *row = in + i * p->kept_stride_0 + j * p->kept_stride_1;
            for (int32_t k = 0; k < p->kept_2; k++) {
                const int32_t total = tfg_requantize(sum(p, row + k * p->kept_stride_2), p->multiplier, p->exponent);
                *out++ = (uint8_t)tfg_min(tfg_max(tfg_add_wrap(total, p->zero_point), 0), UINT8_MAX);
            }
        }
    }
}
