#ifndef TFG_DEPTHWISE_CONV_2D_RARE_S8_H
#define TFG_DEPTHWISE_CONV_2D_RARE_S8_H

#include "tfg.h"

TFG_C_BEGIN

/*
 * The channels of a depthwise convolution that its fast forms do not take, because they are not shifted to the right: they
 * come to those that another call has computed. Two roundings an output (gemmlowp).
 */
typedef struct {
    const int8_t *filter; /* [channels][kernel_h][kernel_w] */
    const int32_t *
        rare; /* [channels][4]: number, bias for inputs less the zero point, multiplier, shift (tfg_requantize_shift) */
    int32_t channels; /* of these, > 0 */
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
    int32_t dilation_h;
    int32_t dilation_w;
    int32_t depth_multiplier;
    int32_t pad_h;
    int32_t pad_w;
    int32_t pad_value; /* the input's zero point */
    int32_t zero_point;
    int32_t min;
    int32_t max;
} tfg_depthwise_conv_2d_rare_s8_t;

/*
 * input [batches][in_h][in_w][out_ch / depth_multiplier], others and output [batches][out_h][out_w][out_ch]; others may be
 * the output itself
 */
void tfg_depthwise_conv_2d_rare_s8(const tfg_depthwise_conv_2d_rare_s8_t *p, const int8_t *input, const int8_t *others,
                                   int8_t *output);

TFG_C_END

#endif /* TFG_DEPTHWISE_CONV_2D_RARE_S8_H */
