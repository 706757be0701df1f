#include "tfg/tfg_batch_matmul_s8.h"

#include "tfg_dsp.h"

static TFG_NOINLINE int8_t finish(const tfg_batch_matmul_s8_t *p, int32_t sum)
{
    sum = tfg_requantize(sum, p->multiplier, p->exponent);
    return tfg_clamp_s8(tfg_add_wrap(sum, p->zero_point), INT8_MIN, INT8_MAX);
}

/* A row by columns whose numbers lie side by side: products of numbers as they are, and what their zero point adds */
static TFG_NOINLINE void by_rows(const tfg_batch_matmul_s8_t *p, const int8_t *a, const int8_t *b, int8_t *output)
{
    int32_t sum = 0;
    for (int32_t k = 0; k < p->depth; k++) {
        sum += a[k] + p->left_offset;
    }
    sum *= p->right_offset;
    for (int32_t left = p->columns; left > 0; left--) {
        *output++ = finish(p, tfg_add_wrap(tfg_dot(a, b, p->depth, -p->left_offset), sum));
        b += p->right_column;
    }
}

/* A row by four columns that lie side by side */
static TFG_NOINLINE void by_fours(const tfg_batch_matmul_s8_t *p, const int8_t *a, const int8_t *b, int8_t *output)
{
    const uint32_t offset = (uint32_t)(uint16_t)p->right_offset * 0x10001U;
    int32_t sum_0 = 0; /* no array: an initializer would call memset */
    int32_t sum_1 = 0;
    int32_t sum_2 = 0;
    int32_t sum_3 = 0;
    for (int32_t left = p->depth; left > 0; left--) {
        const uint32_t factor = (uint32_t)(*a + p->left_offset);
        const uint32_t four = tfg_load4(b);
        const uint32_t even = tfg_sxtab16(offset, four);
        const uint32_t odd = tfg_sxtab16_ror8(offset, four);
        sum_0 = tfg_smlabb(even, factor, sum_0);
        sum_1 = tfg_smlabb(odd, factor, sum_1);
        sum_2 = tfg_smlatb(even, factor, sum_2);
        sum_3 = tfg_smlatb(odd, factor, sum_3);
        a += p->left_depth;
        b += p->right_depth;
    }
    output[0] = finish(p, sum_0);
    output[1] = finish(p, sum_1);
    output[2] = finish(p, sum_2);
    output[3] = finish(p, sum_3);
}

static TFG_NOINLINE void by_one(const tfg_batch_matmul_s8_t *p, const int8_t *a, const int8_t *b, int8_t *output)
{
    int32_t sum = 0;
    for (int32_t left = p->depth; left > 0; left--) {
        sum += (*a + p->left_offset) * (*b + p->right_offset);
        a += p->left_depth;
        b += p->right_depth;
    }
    *output = finish(p, sum);
}

static TFG_COLD int8_t *multiply(const tfg_batch_matmul_s8_t *p, const int8_t *left, const int8_t *right,
                                 int8_t *output)
{
    for (int32_t row = 0; row < p->rows; row++) {
        int32_t column = 0;
        if (p->left_depth == 1 && p->right_depth == 1) {
            by_rows(p, left, right, output);
            column = p->columns;
        } else if (p->right_column == 1) {
            for (; column + 4 <= p->columns; column += 4) {
                by_fours(p, left, right + column, output + column);
            }
        }
        for (; column < p->columns; column++) {
            by_one(p, left, right + column * p->right_column, output + column);
        }
        left += p->left_row;
        output += p->columns;
    }
    return output;
}

TFG_COLD void tfg_batch_matmul_s8(const tfg_batch_matmul_s8_t *p, const int8_t *left, const int8_t *right,
                                  int8_t *output)
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
