#ifndef TFG_CONV_2D_NARROW_S8_H
#define TFG_CONV_2D_NARROW_S8_H

#include "tfg.h"

TFG_C_BEGIN

/*
 * Convolution whose windows hold few values, over one dimension (height 1) or two; columns are not dilated. Two
 * roundings an output (gemmlowp).
 *
 * A row of a window is taken four values at a time, in two pairs: values 0 and 2, then 1 and 3; the row's last pair is
 * left out where the row ends with value 0 of a four. A channel is pairs + 3 words: two weights (low half first), the
 * bias, the weights of the other pairs, the multiplier, the final word. Where bit 31 of the multiplier is set, weights
 * and bias are twice themselves and the final word is the right shift less one, 0..21. Else they are times a power of
 * two that makes the shift 10, and the final word holds zero point (-128) and roundings.
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
    int32_t pad_h;
    int32_t pad_w;
    int32_t pairs; /* of a window */
    int32_t pad_value;
    int32_t zero_point;
    int32_t min;
    int32_t max;
} tfg_conv_2d_narrow_s8_t;

/*
 * input [batches][in_h][in_w][in_ch], output [batches][out_h][out_w][out_ch], scratch word-aligned: 16 * (pairs + 1) bytes,
 * and what 4 windows side by side reach of an input row, filled up to a multiple of 4, and 4 bytes
 */
void tfg_conv_2d_narrow_s8(const tfg_conv_2d_narrow_s8_t *p, const int8_t *input, int8_t *output, int16_t *scratch);

TFG_C_END

#endif /* TFG_CONV_2D_NARROW_S8_H */
