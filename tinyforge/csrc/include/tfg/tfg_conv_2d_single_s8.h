#ifndef TFG_CONV_2D_SINGLE_S8_H
#define TFG_CONV_2D_SINGLE_S8_H

#include "tfg.h"

TFG_C_BEGIN

/*
 * Convolution from one channel to one, over one dimension (height 1) or two, whose windows lie side by side (stride_w 1).
 * Two roundings an output (gemmlowp).
 */
typedef struct {
    /*
     * Where dilation_w is 1: row by row, [kernel_h][four taps], the last of a row filled up with zeros, and where kernel_w
     * is 4n + 1, instead of the last four the last tap of each row behind all of them, [kernel_h]. Else
     * [kernel_h * kernel_w] taps. Four are three words: bytes to what comes next, taps 0 and 2, 1 and 3 as int16; a single
     * tap is one: itself as int16, above it the bytes to the next. Bytes are those of an input of `pitch` a row.
     */
    const int32_t *taps;
    int32_t fours;   /* of them */
    int32_t singles; /* behind the fours */
    int32_t bias;    /* the zero point folded in, scaled as the taps are */
    /*
     * Behind a ReLU (zero point -128) taps and bias may be 2^(10 - shift) times as large; then `addend` holds zero point and
     * roundings. Else bit 31 is set, and taps and bias are doubled.
     */
    int32_t multiplier;
    int32_t addend; /* or 2 * zero_point + 1 times 2^shift */
    int32_t shift;  /* right shift less one, 0..21 */
    int32_t batches;
    int32_t in_h;
    int32_t in_w;
    int32_t out_h;
    int32_t out_w;
    int32_t kernel_h;
    int32_t kernel_w;
    int32_t stride_h;
    int32_t stride_w;
    int32_t dilation_h;
    int32_t dilation_w;
    int32_t pad_h;
    int32_t pad_w;
    int32_t pitch;     /* bytes of a row of the scratch; in_w where no window reaches beyond the left or right edge */
    int32_t rows;      /* of outputs whose windows are in the scratch together, > 0 */
    int32_t columns;   /* the same; out_w if out_h > 1 */
    int32_t scratch;   /* its bytes, a multiple of 32 */
    int32_t below;     /* input rows that a row of windows reads where it lies, with what is read behind it */
    int32_t pad_value; /* the input's zero point */
    int32_t zero_point;
    int32_t min;
    int32_t max;
} tfg_conv_2d_single_s8_t;

/* input [batches][in_h][in_w], output [batches][out_h][out_w], scratch word-aligned */
void tfg_conv_2d_single_s8(const tfg_conv_2d_single_s8_t *p, const int8_t *input, int8_t *output, int8_t *scratch);

TFG_C_END

#endif /* TFG_CONV_2D_SINGLE_S8_H */
