#include "tfg/tfg_batch_matmul_f32.h"

#include "../tfg_float.h"

static float *multiply(const tfg_batch_matmul_f32_t *p, const float *left, const float *right, float *output)
{
    for (int32_t row = 0; row < p->rows; row++) {
        for (int32_t column = 0; column < p->columns; column++) {
            const float *a = left + row * p->left_row;
            const float *b = right + column * p->right_column;
            float total = 0.0f;
            for (int32_t k = 0; k < p->depth; k++) {
                total += a[k * p->left_depth] * b[k * p->right_depth];
            }
            *output++ = total;
        }
    }
    return output;
}

void tfg_batch_matmul_f32(const tfg_batch_matmul_f32_t *p, const float *left, const float *right, float *output)
{
    for (int32_t i = 0; i < p->batch_0; i++) {
        for (int32_t j = 0; j < p->batch_1; j++) {
            for (int32_t k = 0; k < p->batch_2; k++) {
                output = multiply(p, left + i * p->left_batch_0 + j * p->left_batch_1 + k * p->left_batch_2,
                                  right + i * p->right_batch_0 + j * p->right_batch_1 + k * p->right_batch_2, output);
            }
        }
    }
}
