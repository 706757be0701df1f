#include "tfg/tfg_mul_s8.h"

#include "tfg_dsp.h"

/* How products are rescaled; what is shifted to the left, or not at all, is rare */
typedef struct {
    int32_t multiplier;
    int32_t half;
    int32_t right; /* > 0 */
    int32_t zero_point;
} rescale_t;

static TFG_COLD void rare(const tfg_mul_s8_t *p, const int8_t *a, const int8_t *b, int8_t *output)
{
    for (int32_t left = p->size_3; left > 0; left--) {
        const int32_t product = (*a + p->offset_left) * (*b + p->offset_right);
        const int32_t result = tfg_requantize(product, p->multiplier, p->exponent);
        *output++ = tfg_clamp_s8(tfg_add_wrap(result, p->zero_point), INT8_MIN, INT8_MAX);
        a += p->left_stride_3;
        b += p->right_stride_3;
    }
}

static TFG_NOINLINE void row(const tfg_mul_s8_t *p, const rescale_t *rescale, const int8_t *a, const int8_t *b,
                             int8_t *output)
{
    const rescale_t r = *rescale;
    const int32_t offset_left = p->offset_left;
    const int32_t offset_right = p->offset_right;
    const int32_t step_left = p->left_stride_3;
    const int32_t step_right = p->right_stride_3;
    for (int8_t *end = output + p->size_3; output < end; output++) {
        const int32_t high = tfg_smmulr((*a + offset_left) * (*b + offset_right) * 2, r.multiplier);
        *output = (int8_t)tfg_ssat8(((high + (high >> 31) + r.half) >> r.right) + r.zero_point);
        a += step_left;
        b += step_right;
    }
}

void tfg_mul_s8(const tfg_mul_s8_t *p, const int8_t *left, const int8_t *right, int8_t *output)
{
    const int32_t shift = -p->exponent;
    const rescale_t rescale = {p->multiplier, shift > 0 ? (int32_t)((uint32_t)1 << (shift - 1)) : 0, shift,
                               p->zero_point};
    int8_t *const start = output;
    for (int32_t i = 0; i < p->size_0; i++) {
        for (int32_t j = 0; j < p->size_1; j++) {
            for (int32_t k = 0; k < p->size_2; k++) {
                const int8_t *a = left + i * p->left_stride_0 + j * p->left_stride_1 + k * p->left_stride_2;
                const int8_t *b = right + i * p->right_stride_0 + j * p->right_stride_1 + k * p->right_stride_2;
                if (shift > 0) {
                    row(p, &rescale, a, b, output);
                } else {
                    rare(p, a, b, output);
                }
                output += p->size_3;
            }
        }
    }
    if (p->max - p->min != 255) {
        tfg_limit(start, (int32_t)(output - start), p->min, p->max);
    }
}
