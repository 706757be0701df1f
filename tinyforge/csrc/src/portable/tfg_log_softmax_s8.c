#include "tfg/tfg_log_softmax_s8.h"

#include "../tfg_internal.h"

/* a * 2^bits, saturated; bits 0..31 */
static int32_t shift(int32_t a, int32_t bits)
{
    const int64_t wide = (int64_t)a * ((int64_t)1 << bits);
    return wide > INT32_MAX ? INT32_MAX : wide < INT32_MIN ? INT32_MIN : (int32_t)wide;
}

static int32_t leading_zeros(int32_t a)
{
    int32_t count = 0;
    while (count < 32 && ((uint32_t)a << count) < 0x80000000U) {
        count++;
    }
    return count;
}

/* a * b / 2^31, rounded half up, for b of any sign */
static int32_t product(int32_t a, int32_t b)
{
    return (int32_t)(((int64_t)a * b + (1 << 30)) >> 31);
}

/*
 * Natural logarithm of a >= 1 in Q12.19, as Q5.26. a = 2^n * r with r around sqrt(sqrt(1/2)) from one of two choices
 * of n; log(r) by a rational function; gemmlowp's constants in Q0.31.
 */
static int32_t logarithm(int32_t a)
{
    const int32_t sqrt_half = 1518500250;
    const int32_t quarter = 1 << 23; /* Q6.25 */
    const int32_t zeros_a = leading_zeros(a);
    const int32_t r_a = shift(product(shift(a, zeros_a - 1), sqrt_half), 1);
    const int32_t power_a = (12 - zeros_a) * (1 << 25) + quarter;
    const int32_t zeros_b = leading_zeros(product(a, sqrt_half)) - 1;
    const int32_t r_b = shift(a, zeros_b);
    const int32_t power_b = (12 - zeros_b) * (1 << 25) - quarter;
    const int32_t r = tfg_min(r_a, r_b);
    const int32_t power = tfg_max(power_a, power_b);

    const int32_t middle = 1805811301; /* sqrt(sqrt(1/2)) */
    const int32_t p = (int32_t)(((int64_t)r + middle + 1) / 2);
    const int32_t q = (r - middle) * 2;
    const int32_t square = product(q, q);
    const int32_t numerator = product(q, r) + product(product(q, square), 117049297);
    const int32_t series = 1057819769 + q + product(127690142, square);
    const int32_t denominator = product(p, series) + product(638450708, q);
    const int32_t fraction = product(tfg_divide_by_pot(numerator, 6), tfg_reciprocal_q0(denominator));
    return shift(product(power, 1488522236) + fraction, 1);
}

static void row(const tfg_log_softmax_s8_t *p, const int8_t *input, int8_t *output)
{
    int32_t most = INT8_MIN;
    for (int32_t i = 0; i < p->depth; i++) {
        most = tfg_max(most, input[i]);
    }
    int32_t sum = 0; /* Q12.19 */
    for (int32_t i = 0; i < p->depth; i++) {
        const int32_t difference = input[i] - most;
        if (difference >= p->diff_min) {
            sum += tfg_divide_by_pot(tfg_exp_q5(tfg_requantize(difference, p->multiplier, p->left_shift)), 12);
        }
    }
    const int32_t log_sum = logarithm(sum);
    int32_t least = tfg_requantize(log_sum + INT32_MIN, p->reverse_multiplier, p->reverse_exponent);
    least = tfg_max(least, p->diff_min - 1);
    for (int32_t i = 0; i < p->depth; i++) {
        const int32_t difference = input[i] - most;
        int32_t result = INT8_MIN;
        if (difference > least) {
            const int32_t scaled = tfg_requantize(difference, p->multiplier, p->left_shift);
            result = tfg_divide_by_pot(tfg_add_wrap(scaled, -log_sum), 22) + 127;
        }
        output[i] = tfg_clamp_s8(result, INT8_MIN, INT8_MAX);
    }
}

void tfg_log_softmax_s8(const tfg_log_softmax_s8_t *p, const int8_t *input, int8_t *output)
{
    for (int32_t i = 0; i < p->rows; i++) {
        row(p, input + i * p->depth, output + i * p->depth);
    }
}
