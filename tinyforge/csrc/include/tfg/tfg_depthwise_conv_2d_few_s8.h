#ifndef TFG_DEPTHWISE_CONV_2D_FEW_S8_H
#define TFG_DEPTHWISE_CONV_2D_FEW_S8_H

#include "tfg.h"

TFG_C_BEGIN

/*
 * Two or three channels with a filter of their own each: as tfg_depthwise_conv_2d_fours_s8, whose other lanes fall on the
 * next place and are written over. Two roundings an output (gemmlowp).
 */
typedef struct {
    const int8_t *filter;      /* [kernel_h][kernel_w][4], zeros beyond the channels */
    const int32_t *bias;       /* [4]: 256 * bias, the zero point folded in, plus shift, 0..21; zeros beyond */
    const int32_t *multiplier; /* [4] */
    const int32_t *rare;       /* channels whose bias takes more: number, bias, shift, -1; or NULL */
    int32_t batches;
    int32_t in_h;
    int32_t in_w;
    int32_t out_h;
    int32_t out_w;
    int32_t out_ch;
    int32_t kernel_h;
    int32_t kernel_w;
    int32_t stride_h;
    int32_t stride_w;
    int32_t dilation_h; /* a tap of each window, at least, lies inside */
    int32_t dilation_w;
    int32_t pad_h;
    int32_t pad_w;
    int32_t pad_value; /* the input's zero point */
    int32_t zero_point;
    int32_t min;
    int32_t max;
} tfg_depthwise_conv_2d_few_s8_t;

/*
 * input [batches][in_h][in_w][out_ch], output [batches][out_h][out_w][out_ch], scratch word-aligned: 64 bytes, and 12 for
 * each place of the kernel
 */
void tfg_depthwise_conv_2d_few_s8(const tfg_depthwise_conv_2d_few_s8_t *p, const int8_t *input, int8_t *output,
                                  int16_t *scratch);

TFG_C_END

#endif /* TFG_DEPTHWISE_CONV_2D_FEW_S8_H */
