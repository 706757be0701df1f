#ifndef TFG_CONV_2D_ONE_S8_H
#define TFG_CONV_2D_ONE_S8_H

#include "tfg.h"

TFG_C_BEGIN

/*
 * Convolution with one output channel, over one dimension (height 1) or two. Two roundings an output (gemmlowp). Nothing
 * is gathered: a row of a window, or a place of a dilated one, is multiplied where it lies.
 */
typedef struct {
    /* [kernel_h][kernel_w * in_ch, zeros up to a multiple of 4]; [kernel_h][kernel_w][in_ch, zeros] if dilation_w > 1 */
    const int8_t *filter;
    const int32_t *pads; /* [kernel_h]: pad_value times the sum of a row of the filter */
    int32_t bias;        /* for inputs less the zero point */
    int32_t folded_bias; /* for inputs as they are: bias less pad_value times the sum of the filter */
    int32_t multiplier;
    int32_t shift; /* tfg_requantize_shift */
    int32_t batches;
    int32_t in_h;
    int32_t in_w;
    int32_t in_ch;
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
    int32_t pad_value; /* the input's zero point */
    int32_t zero_point;
    int32_t min;
    int32_t max;
} tfg_conv_2d_one_s8_t;

/* input [batches][in_h][in_w][in_ch], output [batches][out_h][out_w] */
void tfg_conv_2d_one_s8(const tfg_conv_2d_one_s8_t *p, const int8_t *input, int8_t *output);

TFG_C_END

#endif /* TFG_CONV_2D_ONE_S8_H */
