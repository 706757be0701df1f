/* Armv7E-M: instructions that C has no word for, and inner loops written in them. For src/dsp only. */
#ifndef TFG_DSP_H
#define TFG_DSP_H

#include "tfg.h"

#include "../tfg_internal.h"

#define TFG_ALWAYS_INLINE static inline __attribute__((always_inline))

/* hi32(a * b), rounded half up */
static inline int32_t tfg_smmulr(int32_t a, int32_t b)
{
    int32_t result;
    __asm__("smmulr %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
    return result;
}

/* hi32(a * b) */
static inline int32_t tfg_smmul(int32_t a, int32_t b)
{
    int32_t result;
    __asm__("smmul %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
    return result;
}

/* c + a.lo * b.lo + a.hi * b.hi */
static inline int32_t tfg_smlad(uint32_t a, uint32_t b, int32_t c)
{
    int32_t result;
    __asm__("smlad %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(c));
    return result;
}

/* c + a.lo * b.lo */
static inline int32_t tfg_smlabb(uint32_t a, uint32_t b, int32_t c)
{
    int32_t result;
    __asm__("smlabb %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(c));
    return result;
}

/* c + a.hi * b.hi */
static inline int32_t tfg_smlatt(uint32_t a, uint32_t b, int32_t c)
{
    int32_t result;
    __asm__("smlatt %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(c));
    return result;
}

/* bytes 0 and 2 as two int16 */
static inline uint32_t tfg_sxtb16(uint32_t a)
{
    uint32_t result;
    __asm__("sxtb16 %0, %1" : "=r"(result) : "r"(a));
    return result;
}

/* bytes 1 and 3 as two int16; GCC 12 does not fuse the rotation by itself */
static inline uint32_t tfg_sxtb16_ror8(uint32_t a)
{
    uint32_t result;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(result) : "r"(a));
    return result;
}

static inline int32_t tfg_ssat8(int32_t a)
{
    int32_t result;
    __asm__("ssat %0, #8, %1" : "=r"(result) : "r"(a));
    return result;
}

static inline int32_t tfg_ssat16(int32_t a)
{
    int32_t result;
    __asm__("ssat %0, #16, %1" : "=r"(result) : "r"(a));
    return result;
}

/* four bytes at any address */
static inline uint32_t tfg_load4(const int8_t *from)
{
    uint32_t word;
    __builtin_memcpy(&word, from, 4);
    return word;
}

static inline void tfg_store4(void *to, uint32_t word)
{
    __builtin_memcpy(to, &word, 4);
}

/*
 * Two roundings, zero point and clamp of any channel: stored shifts 0..21 in six instructions, with accumulators
 * below 2^30; others as the portable kernels do it.
 */
static inline int8_t tfg_output(int32_t acc, int32_t multiplier, int32_t shift, int32_t zero_point, int32_t min,
                                int32_t max)
{
    int32_t value;
    if (shift >= 0) {
        value = tfg_smmulr((int32_t)((uint32_t)acc << 1), multiplier);
        value += value >> 31;
        value += (int32_t)((uint32_t)(2 * zero_point + 1) << shift);
        value = value >> shift >> 1;
    } else {
        value = tfg_add_wrap(tfg_requantize_shift(acc, multiplier, shift), zero_point);
    }
    return tfg_clamp_s8(value, min, max);
}

/* Inner loops: tfg_dot.c */

/* acc[i] += products of input [groups][4] and weights [groups][4 outputs][4]; weights word-aligned */
void tfg_dot_1x4(const int8_t *input, const int8_t *weights, int32_t groups, int32_t *acc);

/* Half of an LSTM's sums: from the input, or from the hidden state */
typedef struct {
    const int16_t *input; /* [groups][4] in the order 0 2 1 3 */
    int32_t groups;
    const void *weights; /* of the unit that is next, as tfg_lstm_s8_t has them */
    const int32_t *bias; /* the same, [4 gates] */
    struct {
        int32_t left; /* what is shifted so stays below 2^31 */
        int32_t multiplier;
        int32_t sign; /* -1, or 0 where nothing is shifted right */
        int32_t half;
        int32_t right;
    } factor[4];
} tfg_gates_half_t;

/* gates[i] = both rescaled sums of the next unit, each saturated to int16; the halves go on to the unit after it */
void tfg_gates(tfg_gates_half_t *halves, int32_t *gates);

/* The same for wide weights */
void tfg_gates_wide(tfg_gates_half_t *halves, int32_t *gates);

/* Bytes as int16 in the order 0 2 1 3; the last group of four is filled up with zeros */
void tfg_widen(int16_t *to, const int8_t *bytes, int32_t count);

/*
 * acc[0..1] = the first place's two outputs, acc[2..3] = the second's; in: acc[0..1] holds their biases.
 * places [groups][2 places][4] int16 in the order 0 2 1 3, weights [groups][2 outputs][4], both word-aligned
 */
void tfg_dot_2x2(const int16_t *places, const int8_t *weights, int32_t groups, int32_t *acc);

/* Work of tfg_tiles_2x2, in the order in which it loads it */
typedef struct {
    const int16_t *places; /* as tfg_dot_2x2 */
    int32_t groups;
    const int32_t *bias;
    const int32_t *multiplier;
    const int8_t *shift; /* 0..21 */
    int8_t *first;
    int8_t *second;
    int32_t twice; /* 2 * zero_point + 1 */
    const int8_t *filter;
    int32_t pairs; /* of channels, > 0 */
} tfg_tiles_t;

/* Pairs of channels for two places: products, rescaling, saturation to int8 */
void tfg_tiles_2x2(const tfg_tiles_t *tiles);

/* Places in a row whose windows have the same part inside, for four channels; in the order of tfg_depthwise_run */
typedef struct {
    const int8_t *x;        /* the first place's first tap */
    const int16_t *weights; /* [taps][4], channels in the order 0 2 1 3, from that tap on */
    int32_t step;           /* bytes from tap to tap */
    int32_t columns;        /* > 0 */
    const int32_t *table;   /* biases of channels 0 2 1 3, then multiplier, shift and rounding of 0 1 2 3 */
    uint32_t offset;        /* minus the input's zero point in both halves */
    int32_t rows;           /* > 0 */
    int32_t x_skip;         /* bytes from the end of a row of taps to the next row's first */
    int32_t weights_skip;   /* the same for weights */
    int8_t *output;
    int32_t x_stride; /* bytes from place to place */
    int32_t output_stride;
    int32_t places; /* > 0 */
} tfg_depthwise_run_t;

void tfg_depthwise_run(const tfg_depthwise_run_t *run);

/* What a convolution does with two gathered windows */
typedef struct {
    const int8_t *filter;      /* [out_ch / 2][groups][2][4] */
    const int32_t *bias;       /* [out_ch] */
    const int32_t *multiplier; /* [out_ch] */
    const int8_t *shift;       /* [out_ch], as stored */
    int32_t out_ch;
    int32_t groups;
    int32_t zero_point;
    int32_t min;
    int32_t max;
    int32_t fast; /* as tfg_channels_are_fast says */
} tfg_channels_t;

/* Whether all channels can go through tfg_tiles_2x2 */
int32_t tfg_channels_are_fast(const int8_t *shift, int32_t out_ch, int32_t min, int32_t max);

/* All channels of two places, out_ch bytes each; both may be the same place, gathered twice */
void tfg_channels(const tfg_channels_t *c, const int16_t *places, int8_t *first, int8_t *second);

/* Bytes [groups][4] as int16 in the order 0 2 1 3 into one of the two places of each group */
void tfg_expand(int16_t *place, const int8_t *bytes, int32_t groups);

/* acc[i] += as tfg_dot_1x4 for any length: the last group may be cut off in the input, never in the weights */
static inline void tfg_dot_row(const int8_t *input, const int8_t *weights, int32_t length, int32_t *acc)
{
    const int32_t groups = length / 4;
    if (groups) {
        tfg_dot_1x4(input, weights, groups, acc);
    }
    if (length % 4) {
        int8_t rest[4] = {0, 0, 0, 0};
        for (int32_t i = 0; i < length % 4; i++) {
            rest[i] = input[groups * 4 + i];
        }
        tfg_dot_1x4(rest, weights + groups * 16, 1, acc);
    }
}

#endif /* TFG_DSP_H */
