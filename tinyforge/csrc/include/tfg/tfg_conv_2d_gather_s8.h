#ifndef TFG_CONV_2D_GATHER_S8_H
#define TFG_CONV_2D_GATHER_S8_H

#include "tfg.h"

TFG_C_BEGIN

/*
 * Convolution over two dimensions whose windows hold few values, which are gathered four windows at a time
 * wherever they lie, in several rows too. Two roundings an output (gemmlowp).
 *
 * A window is taken as `words` words, two pairs of values each, 0 and 2, then 1 and 3, and behind them as `twos` pairs. A
 * channel is pairs + 3 words, as tfg_conv_2d_narrow_s8_t has them.
 */
typedef struct {
    const int32_t *channels; /* [out_ch][pairs + 3] */
    const int32_t *offsets;  /* [words], [twos][2]: bytes from a window's first, of an input of `pitch` a row */
    int32_t words;
    int32_t twos;
    int32_t batches;
    int32_t in_h;
    int32_t in_w;
    int32_t in_ch;
    int32_t out_h;
    int32_t out_w;
    int32_t out_ch;
    int32_t kernel_h;
    int32_t stride_h;
    int32_t stride_w;
    int32_t dilation_h;
    int32_t pad_h;
    int32_t pad_w;
    int32_t pitch; /* bytes of a row of the scratch; in_w * in_ch where no window reaches beyond the left or right */
    int32_t rows;  /* of outputs whose windows are in the scratch together, > 0 */
    int32_t band;  /* bytes of those, a multiple of 32; 0 where all are read where they lie */
    int32_t below; /* input rows that a row of windows reads where it lies, with what is read behind it */
    int32_t pad_value;
    int32_t zero_point;
    int32_t min;
    int32_t max;
} tfg_conv_2d_gather_s8_t;

/*
 * input [batches][in_h][in_w][in_ch], output [batches][out_h][out_w][out_ch], scratch word-aligned:
 * 16 * (2 * words + twos) + band bytes
 */
void tfg_conv_2d_gather_s8(const tfg_conv_2d_gather_s8_t *p, const int8_t *input, int8_t *output, int16_t *scratch);

TFG_C_END

#endif /* TFG_CONV_2D_GATHER_S8_H */
