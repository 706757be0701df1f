#include "tfg/tfg_minimum_s8.h"

#include "../tfg_internal.h"

static int8_t minimum(int8_t left, int8_t right)
{
    return left < right ? left : right;
}

void tfg_minimum_s8(const tfg_minimum_s8_t *p, const int8_t *left, const int8_t *right, int8_t *output)
{
    for (int32_t i = 0; i < p->size_0; i++) {
        for (int32_t j = 0; j < p->size_1; j++) {
            for (int32_t k = 0; k < p->size_2; k++) {
                const int8_t *a = left + i * p->left_stride_0 + j * p->left_stride_1 + k * p->left_stride_2;
                const int8_t *b = right + i * p->right_stride_0 + j * p->right_stride_1 + k * p->right_stride_2;
                for (int32_t l = 0; l < p->size_3; l++) {
                    *output++ = minimum(a[l * p->left_stride_3], b[l * p->right_stride_3]);
                }
            }
        }
    }
}
