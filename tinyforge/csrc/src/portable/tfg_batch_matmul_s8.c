#include "tfg/tfg_batch_matmul_s8.h"

#include "../tfg_internal.h"

static int8_t *multiply(const tfg_batch_matmul_s8_t *p, const int8_t *left, const int8_t *right, int8_t *output)
{
    for (int32_t row = 0; row < p->rows; row++) {
        for (int32_t column = 0; column < p->columns; column++) {
            const int8_t *a = left + row * p->left_row;
            const int8_t *b = right + column * p->right_column;
            int32_t acc = 0;
            for (int32_t k = 0; k < p->depth; k++) {
                acc += (a[k * p->left_depth] + p->left_offset) * (b[k * p->right_depth] + p->right_offset);
            }
            acc = tfg_requantize(acc, p->multiplier, p->exponent);
            *output++ = tfg_clamp_s8(tfg_add_wrap(acc, p->zero_point), INT8_MIN, INT8_MAX);
        }
    }
    return output;
}

void tfg_batch_matmul_s8(const tfg_batch_matmul_s8_t *p, const int8_t *left, const int8_t *right, int8_t *output)
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
