#include "tfg/tfg_strided_slice_s8.h"

#include "../tfg_internal.h"

void tfg_strided_slice_s8(const tfg_strided_slice_s8_t *p, const int8_t *input, int8_t *output)
{
    for (int32_t i = 0; i < p->count_0; i++) {
        for (int32_t j = 0; j < p->count_1; j++) {
            for (int32_t k = 0; k < p->count_2; k++) {
                const int32_t start = p->offset + i * p->stride_0 + j * p->stride_1 + k * p->stride_2;
                for (int32_t l = 0; l < p->count_3; l++) {
                    *output++ = input[start + l * p->stride_3];
                }
            }
        }
    }
}
