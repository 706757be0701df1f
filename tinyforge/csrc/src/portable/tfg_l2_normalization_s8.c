#include "tfg/tfg_l2_normalization_s8.h"

#include "../tfg_internal.h"

static int32_t shift_saturating(int32_t a, int32_t bits)
{
    const int64_t wide = (int64_t)a * ((int64_t)1 << bits);
    return wide > INT32_MAX ? INT32_MAX : wide < INT32_MIN ? INT32_MIN : (int32_t)wide;
}

static int32_t multiply(int32_t a, int32_t b)
{
    return (int32_t)(((int64_t)a * b + (1 << 30)) >> 31);
}

/* 1 / sqrt(square) as multiplier / 2^31 * 2^exponent; square >= 0; five Newton-Raphson steps from 1 in Q3.28 */
static int32_t inverse_root(int32_t square, int32_t *exponent)
{
    if (square <= 1) {
        *exponent = 0;
        return INT32_MAX;
    }
    int32_t shift = 11;
    while (square >= 1 << 29) {
        square /= 4;
        shift++;
    }
    while (square < 1 << 27) {
        square *= 4;
        shift--;
    }
    const int32_t half = tfg_divide_by_pot(square >> 1, 1);
    int32_t x = 1 << 28;
    for (int32_t step = 0; step < 5; step++) {
        const int32_t cube = shift_saturating(multiply(multiply(x, x), x), 6);
        x = shift_saturating(multiply(3 << 27, x) - multiply(half, cube), 3);
    }
    x = multiply(x, 1518500250); /* half the root of 2 */
    if (shift < 0) {
        x = tfg_shift_left(x, -shift);
        shift = 0;
    }
    *exponent = -shift;
    return x;
}

void tfg_l2_normalization_s8(const tfg_l2_normalization_s8_t *p, const int8_t *input, int8_t *output)
{
    for (int32_t row = 0; row < p->rows; row++) {
        int32_t square = 0;
        for (int32_t i = 0; i < p->depth; i++) {
            square += (input[i] + p->in_offset) * (input[i] + p->in_offset);
        }
        int32_t exponent;
        const int32_t multiplier = inverse_root(square, &exponent);
        for (int32_t i = 0; i < p->depth; i++) {
            const int32_t value = tfg_requantize(input[i] + p->in_offset, multiplier, exponent + 7);
            output[i] = tfg_clamp_s8(value, INT8_MIN, INT8_MAX);
        }
        input += p->depth;
        output += p->depth;
    }
}
