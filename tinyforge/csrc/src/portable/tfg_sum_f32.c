#include "tfg/tfg_sum_f32.h"

#include "../tfg_float.h"

static float sum(const tfg_sum_f32_t *p, const float *input)
{
    float total = 0.0f;
    for (int32_t i = 0; i < p->count_0; i++) {
        for (int32_t j = 0; j < p->count_1; j++) {
            const float *row = input + i * p->stride_0 + j * p->stride_1;
            for (int32_t k = 0; k < p->count_2; k++) {
                total += row[k * p->stride_2];
            }
        }
    }
    return total;
}

void tfg_sum_f32(const tfg_sum_f32_t *p, const float *input, float *output)
{
    for (int32_t i = 0; i < p->kept_0; i++) {
        for (int32_t j = 0; j < p->kept_1; j++) {
            const float *row = input + i * p->kept_stride_0 + j * p->kept_stride_1;
            for (int32_t k = 0; k < p->kept_2; k++) {
                *output++ = sum(p, row + k * p->kept_stride_2);
            }
        }
    }
}
