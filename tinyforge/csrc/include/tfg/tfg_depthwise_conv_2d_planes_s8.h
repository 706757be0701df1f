#ifndef TFG_DEPTHWISE_CONV_2D_PLANES_S8_H
#define TFG_DEPTHWISE_CONV_2D_PLANES_S8_H

#include "tfg.h"

TFG_C_BEGIN

/*
 * Each channel with a filter of its own; tfg_depthwise_conv_2d_s8 takes strides and dilations together. The fast form
 * goes through one channel after the other, so an odd number of them costs no more. Two roundings an output (gemmlowp).
 */
typedef struct {
    const int8_t *filter;      /* [kernel_h][kernel_w][out_ch] */
    const int32_t *bias;       /* [out_ch], one more if odd: 256 * bias, the zero point folded in, plus shift, 0..21 */
    const int32_t *multiplier; /* the same number */
    const int32_t *rare;       /* channels whose bias takes more: number, bias, shift, -1; or NULL */
    int32_t batches;
    int32_t in_h;
    int32_t in_w;
    int32_t out_h;
    int32_t out_w;
    int32_t out_ch;
    int32_t kernel_h;
    int32_t kernel_w;
    int32_t stride_h; /* 1 where rows are dilated */
    int32_t stride_w; /* 1 where columns are dilated */
    int32_t dilation_h;
    int32_t dilation_w;
    int32_t depth_multiplier; /* output channels of an input channel */
    int32_t pad_h;
    int32_t pad_w;
    int32_t pad_value; /* the input's zero point */
    int32_t zero_point;
    int32_t min;
    int32_t max;
} tfg_depthwise_conv_2d_planes_s8_t;

/*
 * input [batches][in_h][in_w][out_ch / depth_multiplier], output [batches][out_h][out_w][out_ch], scratch word-aligned.
 * With phases = min(stride_w, kernel_w), taps = ceil(kernel_w / stride_w), groups = (taps + 2) / 4, width =
 * ceil(out_w / dilation_w), at most 64 where out_h <= dilation_h, the scratch is (2 * kernel_h - 1) * phases * (8 * groups + (taps % 4 == 1 ? 4 : 0)) bytes, and then
 * kernel_h * phases * (width up to a multiple of 4, + 4 * groups)
 */
void tfg_depthwise_conv_2d_planes_s8(const tfg_depthwise_conv_2d_planes_s8_t *p, const int8_t *input, int8_t *output,
                                     int16_t *scratch);

TFG_C_END

#endif /* TFG_DEPTHWISE_CONV_2D_PLANES_S8_H */
