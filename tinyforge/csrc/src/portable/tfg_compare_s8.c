#include "tfg/tfg_compare_s8.h"

#include "../tfg_internal.h"

static uint8_t compare(const tfg_compare_s8_t *p, int32_t left, int32_t right)
{
    left = (left + p->offset_left) * (1 << 8);
    right = (right + p->offset_right) * (1 << 8);
    left = tfg_divide_by_pot(tfg_high_mul(left, p->multiplier_left), -p->exponent_left);
    right = tfg_divide_by_pot(tfg_high_mul(right, p->multiplier_right), -p->exponent_right);
    return (uint8_t)(left < right ? p->below : left > right ? p->above : p->equal);
}

void tfg_compare_s8(const tfg_compare_s8_t *p, const int8_t *left, const int8_t *right, uint8_t *output)
{
    for (int32_t i = 0; i < p->size_0; i++) {
        for (int32_t j = 0; j < p->size_1; j++) {
            for (int32_t k = 0; k < p->size_2; k++) {
                const int8_t *a = left + i * p->left_stride_0 + j * p->left_stride_1 + k * p->left_stride_2;
                const int8_t *b = right + i * p->right_stride_0 + j * p->right_stride_1 + k * p->right_stride_2;
                for (int32_t l = 0; l < p->size_3; l++) {
                    *output++ = compare(p, a[l * p->left_stride_3], b[l * p->right_stride_3]);
                }
            }
        }
    }
}
