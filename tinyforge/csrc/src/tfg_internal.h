/* Arithmetic the portable kernels share: TFLite's and gemmlowp's fixed point, bit for bit. */
#ifndef TFG_INTERNAL_H
#define TFG_INTERNAL_H

#include "tfg.h"

static inline int32_t tfg_min(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

static inline int32_t tfg_max(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

static inline int8_t tfg_clamp_s8(int32_t value, int32_t min, int32_t max)
{
    return (int8_t)tfg_min(tfg_max(value, min), max);
}

/* a + b modulo 2^32 */
static inline int32_t tfg_add_wrap(int32_t a, int32_t b)
{
    return (int32_t)((uint32_t)a + (uint32_t)b);
}

/* a << bits modulo 2^32; bits 0..31 */
static inline int32_t tfg_shift_left(int32_t a, int32_t bits)
{
    return (int32_t)((uint32_t)a << bits);
}

/* a * b / 2^31, rounded half up; b >= 0 */
static inline int32_t tfg_high_mul(int32_t a, int32_t b)
{
    return (int32_t)(((int64_t)a * b + (1 << 30)) >> 31);
}

/* a / 2^bits, halves away from zero; bits 0..31 */
static inline int32_t tfg_divide_by_pot(int32_t a, int32_t bits)
{
    uint32_t mask = ((uint32_t)1 << bits) - 1U;
    uint32_t threshold = (mask >> 1) + (a < 0 ? 1U : 0U);
    return (a >> bits) + (((uint32_t)a & mask) > threshold ? 1 : 0);
}

/* value * multiplier / 2^31 * 2^exponent with two roundings; exponent -31..30 */
static inline int32_t tfg_requantize(int32_t value, int32_t multiplier, int32_t exponent)
{
    int32_t left = exponent > 0 ? exponent : 0;
    int32_t right = exponent > 0 ? 0 : -exponent;
    return tfg_divide_by_pot(tfg_high_mul(tfg_shift_left(value, left), multiplier), right);
}

/* As tfg_requantize, with a shift as convolutions store it: right shift less one, or exponent less 64 */
static inline int32_t tfg_requantize_shift(int32_t value, int32_t multiplier, int32_t shift)
{
    return tfg_requantize(value, multiplier, shift >= 0 ? -1 - shift : shift + 64);
}

/* Bias and shift of a convolution's channel, as its structure holds them */
typedef struct {
    int32_t bias;
    int32_t shift;
} tfg_folded_t;

static inline tfg_folded_t tfg_folded(const int32_t *packed, const int32_t *rare, int32_t channel)
{
    tfg_folded_t found = {packed[channel] >> 8, packed[channel] & 255};
    for (; rare != NULL && *rare >= 0; rare += 3) {
        if (*rare == channel) {
            found.bias = rare[1];
            found.shift = rare[2];
        }
    }
    return found;
}

/*
 * Sum of length products of input and one row of interleaved weights: words of four weights, `lanes` words from one
 * to the next of the same row.
 */
static inline int32_t tfg_dot_interleaved(const int8_t *input, const int8_t *weights, int32_t length, int32_t lanes)
{
    int32_t sum = 0;
    for (int32_t group = 0; group < length / 4; group++) {
        sum += input[0] * weights[0] + input[1] * weights[1] + input[2] * weights[2] + input[3] * weights[3];
        input += 4;
        weights += 4 * lanes;
    }
    for (int32_t rest = 0; rest < length % 4; rest++) {
        sum += input[rest] * weights[rest];
    }
    return sum;
}

/*
 * The same for output number `out` of a dense layer. Four outputs are a block: whole groups of four inputs interleaved,
 * then a word of the four outputs' weights for each input left.
 */
static inline int32_t tfg_dot_dense(const int8_t *input, const int8_t *filter, int32_t length, int32_t out)
{
    const int32_t whole = length & ~3;
    const int8_t *block = filter + out / 4 * 4 * length;
    int32_t sum = tfg_dot_interleaved(input, block + out % 4 * 4, whole, 4);
    for (int32_t i = whole; i < length; i++) {
        sum += input[i] * block[i * 4 + out % 4];
    }
    return sum;
}

/*
 * The row of a channel in a convolution's filter: words of two inputs and two channels, inputs 0 and 2 of a group
 * first, then 1 and 3. Where its weight number `tap` stands.
 */
static inline const int8_t *tfg_paired_row(const int8_t *filter, int32_t channel, int32_t groups)
{
    return filter + channel / 2 * 8 * groups + channel % 2;
}

static inline int32_t tfg_paired(int32_t tap)
{
    return tap / 4 * 8 + tap % 2 * 4 + tap % 4 / 2 * 2;
}

/* Sum of `length` products of input and such a row */
static inline int32_t tfg_dot_paired(const int8_t *input, const int8_t *row, int32_t length)
{
    int32_t sum = 0;
    for (int32_t group = 0; group < length / 4; group++) {
        sum += input[0] * row[0] + input[1] * row[4] + input[2] * row[2] + input[3] * row[6];
        input += 4;
        row += 8;
    }
    for (int32_t rest = 0; rest < length % 4; rest++) {
        sum += input[rest] * row[tfg_paired(rest)];
    }
    return sum;
}

/* Sum of the weights number first..end of such a row */
static inline int32_t tfg_sum_paired(const int8_t *row, int32_t first, int32_t end)
{
    int32_t sum = 0;
    for (int32_t tap = first; tap < end; tap++) {
        sum += row[tfg_paired(tap)];
    }
    return sum;
}

/* exp(a) in Q0.31 for a <= 0 in Q5.26 (gemmlowp's exp_on_negative_values) */
static inline int32_t tfg_exp_q5(int32_t a)
{
    /* a = -quarter * n + r, r in [-1/4, 0); exp(r) by a Taylor series around -1/8 */
    const int32_t quarter = 1 << 24;
    int32_t r = (a & (quarter - 1)) - quarter;
    int32_t x = (int32_t)((uint32_t)r << 5) + (1 << 28);
    int32_t x2 = tfg_high_mul(x, x);
    int32_t x3 = (int32_t)(((int64_t)x2 * x + (1 << 30)) >> 31);
    int32_t x4 = tfg_high_mul(x2, x2);
    int32_t cubic = tfg_high_mul(tfg_divide_by_pot(x4, 2) + x3, 715827883) + x2;
    int32_t result = 1895147668 + tfg_high_mul(x + tfg_divide_by_pot(cubic, 1), 1895147668);
    int32_t rest = r - a;
    static const int32_t factor[7] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
    for (int32_t bit = 0; bit < 7; bit++) {
        if ((rest & (1 << (24 + bit))) != 0) {
            result = tfg_high_mul(result, factor[bit]);
        }
    }
    return a == 0 ? INT32_MAX : result;
}

/* 1 / (1 + a) in Q0.31 for a in [0, 1) in Q0.31: Newton-Raphson as gemmlowp does it */
static inline int32_t tfg_reciprocal_q0(int32_t a)
{
    int32_t half = (int32_t)(((int64_t)a + INT32_MAX + 1) / 2);
    int32_t x = 1515870810 + (int32_t)(((int64_t)half * -1010580540 + (1 << 30)) >> 31);
    for (int32_t step = 0; step < 3; step++) {
        int32_t error = (1 << 29) - tfg_high_mul(x, half);
        x += (int32_t)(((int64_t)x * error + (1 << 30)) >> 31) * 4; /* |error| < 1/16: nothing saturates */
    }
    return x > (INT32_MAX >> 1) ? INT32_MAX : (int32_t)((uint32_t)x << 1);
}

/* a * b / 2^15, rounded half up; not both -32768 */
static inline int32_t tfg_high_mul_s16(int32_t a, int32_t b)
{
    int32_t half = 1 << 14;
    TFG_IN_REGISTER(half); /* one multiply-and-add instead of a multiplication and an addition */
    return (a * b + half) >> 15;
}

static inline int32_t tfg_saturate_s16(int32_t value)
{
    return tfg_min(tfg_max(value, INT16_MIN), INT16_MAX);
}

/*
 * exp(a) in Q0.15 for a <= 0 with integer_bits 1..7 integer bits (gemmlowp's exp_on_negative_values, int16):
 * a = r - n/4 with r in [-1/4, 0); exp(r) by a Taylor series around -1/8, then a factor for each bit of n.
 */
static inline int32_t tfg_exp_s16(int32_t a, int32_t integer_bits)
{
    const int32_t quarter_bits = 13 - integer_bits;
    const int32_t quarter = 1 << quarter_bits;
    const int32_t r = (a & (quarter - 1)) - quarter;
    const int32_t x = r * (1 << integer_bits) + (1 << 12);
    const int32_t x2 = tfg_high_mul_s16(x, x);
    const int32_t x3 = tfg_high_mul_s16(x2, x);
    const int32_t x4 = tfg_high_mul_s16(x2, x2);
    const int32_t cubic = tfg_high_mul_s16(((x4 + 2) >> 2) + x3, 10923) + x2; /* >= 0 */
    int32_t result = 28918 + tfg_high_mul_s16(28918, x + ((cubic + 1) >> 1));
    result = tfg_min(result, INT16_MAX);
    const int32_t n = (r - a) >> quarter_bits;
    result = (n & 1) ? tfg_high_mul_s16(result, 25520) : result; /* exp(-1/4) */
    result = (n & 2) ? tfg_high_mul_s16(result, 19875) : result; /* exp(-1/2) */
    result = (n & 4) ? tfg_high_mul_s16(result, 12055) : result; /* exp(-1) */
    result = (n & 8) ? tfg_high_mul_s16(result, 4435) : result;  /* exp(-2) */
    result = (n & 16) ? tfg_high_mul_s16(result, 600) : result;  /* exp(-4) */
    result = (n & 32) ? tfg_high_mul_s16(result, 11) : result;   /* exp(-8) */
    result = (n & ~63) ? 0 : result;                             /* exp(-16) and less */
    return a == 0 ? INT16_MAX : result;
}

/* S(k) = 2 / (1 + exp(-k)) in Q2.13 for k >= 0 with integer_bits 1..7 integer bits: gemmlowp's Newton-Raphson */
static TFG_NOINLINE int32_t tfg_sigmoid_s16(int32_t k, int32_t integer_bits)
{
    const int32_t half = (tfg_exp_s16(-k, integer_bits) + INT16_MAX + 1) >> 1;
    int32_t x = 23130 + tfg_high_mul_s16(half, -15420);
    for (int32_t step = 0; step < 3; step++) {
        const int32_t error = (1 << 13) - tfg_high_mul_s16(half, x);
        x += tfg_high_mul_s16(x, error) * 4; /* |error| < 1/16: nothing saturates */
    }
    return k == 0 ? 1 << 13 : x;
}

/* S(k) from a chord for every 512 arguments and two residues a byte, as the compiler tabulated it; k 0..2^15, Q3.12 */
static inline int32_t tfg_sigmoid_table(const int32_t *lines, const uint8_t *residues, int32_t k)
{
    const int32_t line = lines[k >> 9];
    const int32_t chord = (line + (int16_t)line * (int16_t)(k & 511)) >> 16;
    const int32_t pair = residues[k >> 1];
    return chord + (k >> 1) + ((k & 1) ? pair >> 4 : pair & 15);
}

/* 1 / (1 + exp(-a)) in Q0.15, a in Q3.12; `lines` NULL: no table */
static inline int32_t tfg_logistic_s16(const int32_t *lines, const uint8_t *residues, int32_t a)
{
    const int32_t sign = a >> 31;
    const int32_t k = (a ^ sign) - sign;
    const int32_t s = lines != NULL ? tfg_sigmoid_table(lines, residues, k) : tfg_sigmoid_s16(k, 3);
    return (s * 2) ^ (sign & INT16_MAX); /* s < 2^14: k is at most 8 */
}

/* tanh(a) in Q0.15, a with integer_bits 0..6 integer bits; `lines` NULL: no table */
static inline int32_t tfg_tanh_s16(const int32_t *lines, const uint8_t *residues, int32_t a, int32_t integer_bits)
{
    const int32_t sign = a >> 31;
    const int32_t magnitude = (a ^ sign) - sign;
    int32_t s;
    if (lines != NULL && integer_bits >= 2) {
        const int32_t k = magnitude << (integer_bits - 2);
        if (k <= 1 << 15) {
            s = tfg_sigmoid_table(lines, residues, k);
        } else {
            s = 16378 + (k > 34336 ? 1 : 0) + (k > 35607 ? 4 : 0) + (k > 37458 ? 1 : 0);
        }
    } else {
        s = tfg_sigmoid_s16(magnitude, integer_bits + 1);
    }
    return (tfg_min((s - (1 << 13)) * 4, INT16_MAX) ^ sign) - sign;
}

#endif /* TFG_INTERNAL_H */
