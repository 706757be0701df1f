#ifndef TFG_CONV_2D_GROUPED_S8_H
#define TFG_CONV_2D_GROUPED_S8_H

#include "tfg.h"

TFG_C_BEGIN

/* Convolution over two dimensions whose channels are in groups. Two roundings an output (gemmlowp). */
typedef struct {
    const int8_t *filter;      /* [out_ch][kernel_h][kernel_w][group_in_ch] */
    const int32_t *bias;       /* [out_ch], the input's zero point folded in */
    const int32_t *multiplier; /* [out_ch] */
    const int8_t *shift;       /* [out_ch], 0..21: right shift less one; negative: exponent less 64 (rare) */
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
    int32_t group_in_ch;
    int32_t group_out_ch;
    int32_t pad_value; /* the input's zero point */
    int32_t zero_point;
    int32_t min;
    int32_t max;
} tfg_conv_2d_grouped_s8_t;

/* input [batches][in_h][in_w][in_ch], output [batches][out_h][out_w][out_ch] */
void tfg_conv_2d_grouped_s8(const tfg_conv_2d_grouped_s8_t *p, const int8_t *input, int8_t *output);

TFG_C_END

#endif /* TFG_CONV_2D_GROUPED_S8_H */
