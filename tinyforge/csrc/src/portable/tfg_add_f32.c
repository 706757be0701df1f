#include "tfg/tfg_add_f32.h"

#include "../tfg_float.h"

void tfg_add_f32(const tfg_add_f32_t *p, const float *left, const float *right, float *output)
{
    for (int32_t i = 0; i < p->size_0; i++) {
        for (int32_t j = 0; j < p->size_1; j++) {
            for (int32_t k = 0; k < p->size_2; k++) {
                const float *a = left + i * p->left_stride_0 + j * p->left_stride_1 + k * p->left_stride_2;
                const float *b = right + i * p->right_stride_0 + j * p->right_stride_1 + k * p->right_stride_2;
                for (int32_t l = 0; l < p->size_3; l++) {
                    const float value = a[l * p->left_stride_3] + b[l * p->right_stride_3];
                    const float cut = value < p->min ? p->min : value;
                    *output++ = p->max < cut ? p->max : cut;
                }
            }
        }
    }
}
