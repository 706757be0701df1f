/* Sum or difference (TFG_COMBINE says which) of two tensors: the kernel TFG_ADD_KERNEL, whose parameters are a TFG_ADD. */
#ifndef TFG_ADD_H
#define TFG_ADD_H

#include "tfg_dsp.h"

/* An operand on the common scale, at most halved: two roundings */
typedef struct {
    int32_t scale;  /* of the operand, a power of two: the product's high word is the first rounding */
    int32_t offset; /* times scale */
    int32_t multiplier;
    int32_t half;
    int32_t right; /* > 0 */
} operand_t;

static operand_t operand(int32_t offset, int32_t multiplier, int32_t exponent)
{
    /* exponent 0 comes with a multiplier of one half alone: then the quotient is even, and its half exact */
    const int32_t scale = exponent == 0 ? 1 << 22 : 1 << 21;
    const int32_t right = exponent == 0 ? 1 : -exponent;
    const operand_t o = {scale, offset * scale, multiplier, (int32_t)((uint32_t)1 << (right - 1)), right};
    return o;
}

static inline int32_t rescale(const operand_t *o, int32_t value)
{
    const int32_t high = tfg_smmulr(value * o->scale + o->offset, o->multiplier);
    return (high + (high >> 31) + o->half) >> o->right;
}

void TFG_ADD_KERNEL(const TFG_ADD *p, const int8_t *left, const int8_t *right, int8_t *output)
{
    const operand_t of_left = operand(p->offset_left, p->multiplier_left, p->exponent_left);
    const operand_t of_right = operand(p->offset_right, p->multiplier_right, p->exponent_right);
    const int32_t multiplier = p->multiplier_out;
    const int32_t shift = -p->exponent_out;
    const int32_t rounds = shift > 0 ? -1 : 0; /* the common scale is 2^20 times as fine: hardly ever 0 */
    const int32_t half = shift > 0 ? (int32_t)((uint32_t)1 << (shift - 1)) : 0;
    const int32_t zero_point = p->zero_point;
    const int32_t step_left = p->left_stride_3;
    const int32_t step_right = p->right_stride_3;
    int8_t *start = output;
    for (int32_t i = 0; i < p->size_0; i++) {
        for (int32_t j = 0; j < p->size_1; j++) {
            for (int32_t k = 0; k < p->size_2; k++) {
                const int8_t *a = left + i * p->left_stride_0 + j * p->left_stride_1 + k * p->left_stride_2;
                const int8_t *b = right + i * p->right_stride_0 + j * p->right_stride_1 + k * p->right_stride_2;
                for (int8_t *end = output + p->size_3; output < end; output++) {
                    int32_t sum = TFG_COMBINE(rescale(&of_left, *a), rescale(&of_right, *b));
                    sum = tfg_smmulr(sum * 2, multiplier);
                    sum = (sum + ((sum >> 31) & rounds) + half) >> shift;
                    *output = (int8_t)tfg_ssat8(sum + zero_point);
                    a += step_left;
                    b += step_right;
                }
            }
        }
    }
    if (p->max - p->min != 255) {
        tfg_limit(start, (int32_t)(output - start), p->min, p->max);
    }
}

#endif /* TFG_ADD_H */
