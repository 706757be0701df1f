/* Armv7E-M: instructions that C has no word for, and inner loops written in them. For src/dsp only. */
#ifndef TFG_DSP_H
#define TFG_DSP_H

#include "tfg.h"

#include "../tfg_internal.h"

#define TFG_NAKED         __attribute__((naked, noinline))
#define TFG_UNUSED        __attribute__((unused))
#define TFG_ALWAYS_INLINE static inline __attribute__((always_inline))

/*
 * Behind a call of a naked function of the same file: a GCC whose `naked` does not imply `noipa` looks into it, sees no
 * register written, and takes all of them for kept
 */
#define TFG_NONE_KEPT() __asm__ volatile("" : : : "r0", "r1", "r2", "r3", "r12", "cc", "memory")

/* hi32(a * b), rounded half up */
static inline int32_t tfg_smmulr(int32_t a, int32_t b)
{
    int32_t result;
    __asm__("smmulr %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
    return result;
}

/* c + hi32(a * b), rounded half up */
static inline int32_t tfg_smmlar(int32_t a, int32_t b, int32_t c)
{
    int32_t result;
    __asm__("smmlar %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(c));
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

/* c + a.hi * b.lo */
static inline int32_t tfg_smlatb(uint32_t a, uint32_t b, int32_t c)
{
    int32_t result;
    __asm__("smlatb %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(c));
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

/* a plus bytes 0 and 2, or 1 and 3, of b: two int16 */
static inline uint32_t tfg_sxtab16(uint32_t a, uint32_t b)
{
    uint32_t result;
    __asm__("sxtab16 %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
    return result;
}

static inline uint32_t tfg_sxtab16_ror8(uint32_t a, uint32_t b)
{
    uint32_t result;
    __asm__("sxtab16 %0, %1, %2, ror #8" : "=r"(result) : "r"(a), "r"(b));
    return result;
}

/* low half of a, low half of b above it */
static inline uint32_t tfg_pkhbt(uint32_t a, uint32_t b)
{
    uint32_t result;
    __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(result) : "r"(a), "r"(b));
    return result;
}

/* high half of a, high half of b above it */
static inline uint32_t tfg_pkhtb(uint32_t a, uint32_t b)
{
    uint32_t result;
    __asm__("pkhtb %0, %2, %1, asr #16" : "=r"(result) : "r"(a), "r"(b));
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
 * Inner loops: tfg_dense.c, tfg_gates.c, tfg_tiles.c, tfg_pool_tiles.c, tfg_depthwise.c, tfg_windows.c, tfg_narrow.c, tfg_single.c,
 * tfg_rows.c */

/* One row of a dense layer, in the order in which it is loaded */
typedef struct {
    const int8_t *filter; /* as tfg_fully_connected_s8_t has it, word-aligned */
    const int8_t *input;
    int32_t groups; /* whole groups of four inputs */
    int32_t rest;   /* inputs behind them, 0..3; for tfg_dense_pairs and tfg_dense_indexed the address of their table */
    const int32_t *bias;
    int8_t *output;
    int32_t left;           /* outputs, > 0 */
    const void *multiplier; /* the number itself, or int32 [out_len] */
    int32_t rounding;       /* with half a step and the zero point in it; or 2 * zero_point + 1 */
    const int8_t *shift;    /* the number itself, or [out_len], 1..22 */
} tfg_dense_t;

/* One multiplier and shift for all outputs, or one each; saturated to int8. Arrays are read up to a multiple of 4. */
void tfg_dense(const tfg_dense_t *dense);
void tfg_dense_per_channel(const tfg_dense_t *dense);

/* As tfg_dense, with bytes of the filter that are two weights, [groups][inputs 0 2, 1 3][4 outputs] in each block of four outputs */
void tfg_dense_pairs(const tfg_dense_t *dense);

/* As tfg_dense, groups of two inputs, with bytes of the filter that are two weights, [groups][4 outputs] in each block of four outputs */
void tfg_dense_indexed(const tfg_dense_t *dense);

/* `sum` plus the products of whole groups of four inputs with weights [groups][4] in the order 0 2 1 3, word-aligned */
int32_t tfg_dot_wide(const int8_t *input, const int16_t *weights, int32_t groups, int32_t sum);

/* How a gate's sum is rescaled, in the order in which it is loaded */
typedef struct {
    int32_t left; /* what is shifted so stays below 2^31 */
    int32_t multiplier;
    int32_t sign; /* -1, or 0 where nothing is shifted right */
    int32_t half;
    int32_t right;
} tfg_factor_t;

/* Half of a recurrent layer's sums: from the input, or from the hidden state */
typedef struct {
    const int16_t *input; /* [groups][4] in the order 0 2 1 3 */
    int32_t groups;
    const void *weights; /* of the unit that is next, as tfg_lstm_s8_t has them */
    const int32_t *bias; /* the same, [4 gates] */
    tfg_factor_t factor[4];
} tfg_gates_half_t;

/* gates[i] = both rescaled sums of the next unit, each saturated to int16; the halves go on to the unit after it */
void tfg_gates(tfg_gates_half_t *halves, int32_t *gates);

/* The same for wide weights */
void tfg_gates_wide(tfg_gates_half_t *halves, int32_t *gates);

/* Of three gates, those of the first half, then those of the second, each saturated to int16; narrow weights */
void tfg_gates_three(tfg_gates_half_t *halves, int32_t *sums);

/* Half of a recurrent layer's sums with packed weights */
typedef struct {
    const int8_t *input; /* [length] */
    const uint8_t *rows; /* of the unit that is next, as tfg_gate_rows.h says */
    const int32_t *bias; /* the same, [gates] */
    int32_t form;
    int32_t length;
    const int8_t *book; /* [gates][16], or NULL */
    tfg_factor_t factor[4];
} tfg_gates_packed_t;

/* As tfg_gates and tfg_gates_three, for weights that are packed; `gates` has room for four sums more */
void tfg_gates_packed(tfg_gates_packed_t *halves, int32_t *gates);
void tfg_gates_packed_three(tfg_gates_packed_t *halves, int32_t *sums);

/* What they call for a form other than listed */
void tfg_gates_unpacked(void);

/* Bytes as int16 in the order 0 2 1 3; the last group of four is filled up with zeros */
void tfg_widen(int16_t *to, const int8_t *bytes, int32_t count);

/* Work of tfg_tiles, in the order in which it loads it */
typedef struct {
    const int16_t *places; /* [groups][inputs 0 2, 1 3][4 places][2] int16, word-aligned */
    const int16_t *end;    /* behind the last group, of which there is one at least */
    const int32_t *multiplier;
    const int32_t *bias; /* 256 * bias + shift, 0..21 */
    int8_t *output;      /* of the first place */
    int32_t middle;      /* bytes from the second place's output to the third's */
    int32_t step;        /* from the first's to the second's, from the third's to the fourth's */
    int32_t twice;       /* 2 * zero_point + 1 */
    int32_t channels;    /* > 0 */
    const int8_t *filter;
} tfg_tiles_t;

/*
 * All channels of four places, two channels at a time: products, rescaling, saturation to int8. Places whose outputs
 * are one must hold the same. Where step + middle is 0, the third and fourth place are taken for the first and second.
 */
void tfg_tiles(const tfg_tiles_t *tiles);

/* Work of tfg_pool_tiles, in the order in which it loads it */
typedef struct {
    const int16_t *places; /* as in tfg_tiles_t, and what follows */
    const int16_t *end;
    const int32_t *multiplier;
    const int32_t *bias;
    int8_t *output; /* of the first two places, or of all four */
    uint32_t flags; /* TFG_TWO_PLACES: the first two alone, TFG_POOL_FOUR: one output of all four; 0: two outputs */
    int32_t step;   /* from the first two places' output to the second two's; 0 where there is one output */
    int32_t twice;
    int32_t channels;
    const int8_t *filter;
} tfg_pool_tiles_t;

#define TFG_TWO_PLACES 0x80000000U
#define TFG_POOL_FOUR  0x20000000U

/* As tfg_tiles, but only the greatest sum of two or four places is rescaled */
void tfg_pool_tiles(const tfg_pool_tiles_t *tiles);

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

/* Outputs in a row of one channel, in the order in which tfg_planes loads it */
typedef struct {
    const int8_t *x;        /* the first row's first input: [rows], each word-aligned */
    const int16_t *weights; /* [rows]: groups of four taps in the order 0 2 1 3, then a word for one tap more */
    int32_t rows;           /* > 0 */
    int32_t groups;         /* of four taps, >= 0 */
    int32_t single;         /* whether one tap stands behind them */
    int32_t skip;           /* bytes from a row's last group to the next row */
    int8_t *output;
    int32_t output_stride;
    int32_t left; /* outputs, > 0 */
    int32_t bias; /* scaled as the weights are */
    int32_t
        multiplier; /* bit 31: weights are doubled and `shift` counts; else they are 2^(10 - shift) times as large */
    int32_t addend; /* zero point and rounding */
    int32_t shift;  /* right shift less one */
} tfg_planes_t;

/* Inputs and weights are read four outputs and four taps at a time */
void tfg_planes(const tfg_planes_t *run);

/* One channel of a 3x3 depthwise convolution, in the order in which it is loaded */
typedef struct {
    int32_t bias; /* scaled as the weights are */
    uint32_t
        multiplier; /* bit 31: weights are doubled and `shift` counts; else they are 2^(10 - shift) times as large */
    int32_t addend; /* zero point and rounding */
    int32_t shift;  /* right shift less one */
    uint32_t weights[3][2]; /* [column] of the kernel: rows 0 1 and 1 2 as two int16 */
} tfg_depthwise_channel_t;

/* Outputs of some channels between two pairs of input rows, in the order in which tfg_depthwise_3x3 loads it */
typedef struct {
    const tfg_depthwise_channel_t *channels;
    const uint32_t *upper; /* rows 0 and 1 of the windows as two int16: [columns][4 channels], of the first channel */
    const uint32_t *lower; /* rows 2 and 3 */
    int8_t *output;        /* of the windows that begin in row 0 */
    int8_t *output_below;  /* of those that begin in row 1, or the same where there are none; stride 1 only */
    int32_t output_stride;
    int32_t twos;   /* bytes of `upper` up to the last whole two outputs, > 0 */
    int32_t all;    /* and up to the last output */
    int32_t left;   /* channels, > 0 */
    int32_t stride; /* 1 or 2 */
} tfg_depthwise_row_t;

/* Two rows of input of four channels, in the order in which tfg_take_columns loads it */
typedef struct {
    uint32_t *to; /* [columns][4 channels]: both rows' values as two int16 */
    const int8_t *row[2];
    int32_t step[2]; /* bytes from column to column */
    int32_t columns; /* > 0 */
} tfg_columns_t;

void tfg_take_columns(const tfg_columns_t *columns);

void tfg_depthwise_3x3(const tfg_depthwise_row_t *row);

/* What a convolution does with gathered windows; the pointers are the kernel's own parameters */
typedef struct {
    const int8_t *filter; /* [out_ch / 2][groups][inputs 0 2, 1 3][2 inputs][2 channels] */
    const int32_t *bias;
    const int32_t *multiplier;
    const int32_t *rare;
    int32_t out_ch;
    int32_t groups;
    int32_t zero_point;
    int32_t min;
    int32_t max;
} tfg_channels_t;

/* Windows of 1 to 4 places, the last one repeated as tfg_place_of says, to count * out_ch outputs */
void tfg_channels(const tfg_channels_t *c, const int16_t *places, int32_t count, int8_t *output);

/* Which of `count` places stands in a slot: 0 0, 0 1, 0 1 1 2, 0 1 2 3; slots beyond need not be filled */
static inline int32_t tfg_place_of(int32_t slot, int32_t count)
{
    return count == 4 ? slot : count == 3 ? (slot + 1) / 2 : tfg_min(slot, count - 1);
}

/* How many slots must be filled */
static inline int32_t tfg_slots_of(int32_t count)
{
    return count > 2 ? 4 : 2;
}

/* Each value within min..max */
void tfg_limit(int8_t *values, int32_t count, int32_t min, int32_t max);

/* Bytes [groups][4] as int16 into one slot of places */
void tfg_expand(int16_t *slot, const int8_t *bytes, int32_t groups);

/* The same of four windows, `stride` bytes apart, into all four slots; groups > 0 */
void tfg_expand_four(int16_t *places, const int8_t *bytes, int32_t stride, int32_t groups);

/* `count` > 0 bytes of four windows, `stride` apart, to four places `spacing` apart; whole words are read and written */
void tfg_copy_four(const int8_t *windows, int32_t stride, int8_t *to, int32_t spacing, int32_t count);

/* The same as the two above of two windows and the two below them, `right` and `down` bytes apart */
void tfg_expand_square(int16_t *places, const int8_t *bytes, int32_t right, int32_t down, int32_t groups);

void tfg_copy_square(const int8_t *windows, int32_t right, int8_t *to, int32_t spacing, int32_t count, int32_t down);

/*
 * One window as int16 into its place, [groups][4] bytes; `start` is its first byte in the input of `bytes`, maybe before or
 * beyond it
 */
void tfg_take_window(const int8_t *input, int32_t bytes, int32_t start, int32_t groups, int32_t pad_value,
                     int16_t *place);

/* Exactly so many bytes, whatever lies behind; returns the end of the copy */
int8_t *tfg_copy_bytes(int8_t *to, const int8_t *from, int32_t count);

/* `count` bytes from byte `start` of a row of `bytes` on, or `pad_value` where nothing is; three more are spare */
void tfg_pad_row(int8_t *line, const int8_t *row, int32_t bytes, int32_t start, int32_t count, int32_t pad_value);

/* Four windows of one output channel, in the order in which tfg_windows loads them */
typedef struct {
    const int8_t *x;      /* of the first window */
    const int8_t *filter; /* [rows][words][4], word-aligned */
    int32_t stride;       /* bytes from window to window */
    int32_t rows;         /* > 0 */
    int32_t words;        /* of a row, > 0; what is read beyond a row meets weights of 0 */
    int32_t skip;         /* bytes from the end of a row's words to the next row */
    int32_t bias;
} tfg_windows_t;

/* The four sums */
void tfg_windows(const tfg_windows_t *windows, int32_t *sums);

/* The sum of `count` products of inputs less the zero point with weights, both wherever they lie; 0 if count <= 0 */
int32_t tfg_dot(const int8_t *input, const int8_t *weights, int32_t count, int32_t zero_point);

/* Work of tfg_narrow, in the order in which it loads it */
typedef struct {
    const int32_t *channels; /* [channels][pairs + 3], as tfg_conv_2d_narrow_s8_t has them */
    int8_t *output;          /* of the first place */
    int32_t stride;          /* from place to place; 0 for the first place alone */
    const int16_t *places;   /* [pairs][4 places][2], word-aligned */
    const int32_t *end;      /* of the channels */
    int32_t pairs;           /* > 0 */
    int32_t twice;           /* 2 * zero_point + 1 */
} tfg_narrow_t;

/* All channels of four places: products, rescaling, saturation to int8 */
void tfg_narrow(const tfg_narrow_t *narrow);

/*
 * Values of four windows into places: `words` words at the first offsets, two pairs each, then `twos` pairs at two offsets
 * each; either may be 0
 */
void tfg_take_windows(int16_t *places, const int8_t *const *windows, const int32_t *offsets, int32_t words,
                      int32_t twos);

/* [pairs] of four windows' values into places, `stride` bytes apart, as tfg_narrow reads them; pairs > 0 */
void tfg_pick_four(int16_t *places, const int8_t *windows, int32_t stride, const int32_t *offsets, int32_t pairs);

/* Work of tfg_points, in the order in which it loads it */
typedef struct {
    const int32_t *channels; /* [channels][4], as tfg_conv_1d_point_s8_t has them */
    const int32_t *end;
    int8_t *output;  /* of the first place */
    int32_t stride;  /* from place to place; 0 for the first place alone */
    const int8_t *x; /* of the first place; whole words are read */
    int32_t twice;   /* 2 * zero_point + 1 */
    int32_t fours;   /* of places, > 0 */
} tfg_points_t;

/* All channels of places that are one product each */
void tfg_points(const tfg_points_t *points);

/* A row of outputs from one channel to one, of 2 to 9 taps side by side, in the order in which tfg_single_row loads it */
typedef struct {
    const int8_t *x;     /* of the first output; whole words are read */
    int32_t bias;        /* this and what follows as tfg_conv_2d_single_s8_t has it */
    int8_t *output;      /* four are written, if not more */
    int32_t outputs;     /* > 0 */
    const int32_t *taps; /* one four or two, and one tap more or none */
    int32_t fours;
    int32_t singles;
    int32_t multiplier;
    int32_t addend;
    int32_t shift;
} tfg_single_row_t;

void tfg_single_row(const tfg_single_row_t *row);

/* Rows of outputs from one channel to one, in the order in which tfg_single_rows keeps it */
typedef struct {
    const int8_t *x; /* of the first output; whole words are read */
    const int32_t *taps;
    const int32_t *singles; /* behind the fours */
    int32_t stride;
    int32_t bias[4];       /* of four outputs, all the same */
    int32_t form;          /* tfg_single_apart: as tfg_conv_2d_single_apart_s8_t has it */
    const int32_t *threes; /* tfg_single_rows: behind as many singles as are taken three by three */
    const int32_t *end;    /* behind all of them */
    int32_t multiplier;
    int32_t addend;
    int32_t shift;
    int8_t *output;
    int32_t left;      /* outputs of the row, > 0 */
    const int8_t *row; /* as x */
    int32_t down;      /* bytes from row to row of windows */
    int32_t columns;   /* outputs of each row after the first */
    int32_t rows;      /* > 0 */
} tfg_single_rows_t;

/* Outputs whose windows lie side by side, and such whose windows lie a stride apart */
void tfg_single_rows(const tfg_single_rows_t *rows);
void tfg_single_apart(const tfg_single_rows_t *rows);

/* `count` > 0 bytes of each of `rows` > 0 rows, which lie so far apart that the given numbers are skipped behind each */
void tfg_copy_rows(int8_t *to, const int8_t *from, int32_t count, int32_t rows, int32_t to_skip, int32_t from_skip);

#endif /* TFG_DSP_H */
