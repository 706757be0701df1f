#include "tfg/tfg_add_s8.h"

#include "tfg_dsp.h"

/* An operand on the common scale, or the sum on the output's: two roundings; `half` and `mask` are 0 for no shift */
typedef struct {
    int32_t multiplier;
    int32_t right;
    int32_t half;
    int32_t mask;
} factor_t;

static factor_t factor(int32_t multiplier, int32_t exponent)
{
    factor_t f = {multiplier, -exponent, 0, 0};
    if (exponent < 0) {
        f.half = (int32_t)((uint32_t)1 << (-exponent - 1));
        f.mask = -1;
    }
    return f;
}

/* The operand comes doubled, so that the product's high word is the first rounding */
static inline int32_t rescale(factor_t f, int32_t twice)
{
    int32_t high = tfg_smmulr(twice, f.multiplier);
    return (high + ((high >> 31) & f.mask) + f.half) >> f.right;
}

void tfg_add_s8(const tfg_add_s8_t *p, const int8_t *left, const int8_t *right, int8_t *output)
{
    const factor_t of_left = factor(p->multiplier_left, p->exponent_left);
    const factor_t of_right = factor(p->multiplier_right, p->exponent_right);
    const factor_t of_sum = factor(p->multiplier_out, p->exponent_out);
    const int32_t offset_left = p->offset_left;
    const int32_t offset_right = p->offset_right;
    const int32_t zero_point = p->zero_point;
    const int32_t min = p->min;
    const int32_t max = p->max;
    const int32_t step_left = p->left_stride_3;
    const int32_t step_right = p->right_stride_3;
    for (int32_t i = 0; i < p->size_0; i++) {
        for (int32_t j = 0; j < p->size_1; j++) {
            for (int32_t k = 0; k < p->size_2; k++) {
                const int8_t *a = left + i * p->left_stride_0 + j * p->left_stride_1 + k * p->left_stride_2;
                const int8_t *b = right + i * p->right_stride_0 + j * p->right_stride_1 + k * p->right_stride_2;
                for (int32_t l = p->size_3; l > 0; l--) {
                    const int32_t x = rescale(of_left, (*a + offset_left) * (1 << 21));
                    const int32_t y = rescale(of_right, (*b + offset_right) * (1 << 21));
                    const int32_t sum = rescale(of_sum, (x + y) * 2);
                    *output++ = tfg_clamp_s8(sum + zero_point, min, max);
                    a += step_left;
                    b += step_right;
                }
            }
        }
    }
}
