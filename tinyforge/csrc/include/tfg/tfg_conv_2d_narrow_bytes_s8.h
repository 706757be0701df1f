#ifndef TFG_CONV_2D_NARROW_BYTES_S8_H
#define TFG_CONV_2D_NARROW_BYTES_S8_H

#include "tfg.h"

TFG_C_BEGIN

/*
 * Convolution whose windows hold few values, which are taken byte by byte: those of dilated columns, or rows of which
 * whole words would be half empty. Two roundings an output (gemmlowp).
 *
 * A row of a window is taken two values at a time. A channel is pairs + 3 words as tfg_conv_2d_narrow_s8_t has them.
 */
typedef struct {
    const int32_t *channels; /* [out_ch][pairs + 3] */
    int32_t batches;
    int32_t in_h;
    int32_t in_w;
    int32_t in_ch;
    int32_t out_h;
    int32_t out_w;
    int32_t out_ch;
    int32_t kernel_h;
    int32_t kernel_w;
    int32_t stride_h;
    int32_t stride_w;
    int32_t dilation_h;
    int32_t dilation_w;
    int32_t pad_h;
    int32_t pad_w;
    int32_t pairs; /* of a window; an odd row ends with half a pair, whose weight is 0 */
    int32_t pad_value;
    int32_t zero_point;
    int32_t min;
    int32_t max;
} tfg_conv_2d_narrow_bytes_s8_t;

/*
 * input [batches][in_h][in_w][in_ch], output [batches][out_h][out_w][out_ch], scratch word-aligned: 16 * pairs bytes, 8 *
 * pairs / kernel_h bytes, and what 4 windows side by side reach of an input row, filled up to a multiple of 4, and 4 bytes
 */
void tfg_conv_2d_narrow_bytes_s8(const tfg_conv_2d_narrow_bytes_s8_t *p, const int8_t *input, int8_t *output,
                                 int16_t *scratch);

TFG_C_END

#endif /* TFG_CONV_2D_NARROW_BYTES_S8_H */
