#ifndef TFG_CONV_2D_POOL_S8_H
#define TFG_CONV_2D_POOL_S8_H

#include "tfg.h"

TFG_C_BEGIN

/*
 * As tfg_conv_2d_s8, then the greatest of two by two places: only the greatest sum is rescaled, as in tfg_conv_1d_pool_s8.
 */
typedef struct {
    const int8_t *filter;      /* [out_ch / 2][groups][inputs 0 2, 1 3][2 inputs][2 channels], zeros beyond the edges */
    const int32_t *bias;       /* [out_ch], one more if odd: 256 * bias, the zero point folded in, plus shift, 0..21 */
    const int32_t *multiplier; /* the same number */
    int32_t batches;
    int32_t in_h;
    int32_t in_w;
    int32_t in_ch;
    int32_t out_h; /* pooled: half of the places that are looked at */
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
    int32_t groups;    /* of four weights in a window, the last filled up with zeros */
    int32_t pad_value; /* the input's zero point */
    int32_t zero_point;
    int32_t min;
    int32_t max;
} tfg_conv_2d_pool_s8_t;

/*
 * input [batches][in_h][in_w][in_ch], output [batches][out_h][out_w][out_ch], scratch word-aligned: 4 windows as int16;
 * what 2 windows side by side reach of two input rows, and 4 bytes each; where what lies side by side in a window is no
 * multiple of 4, the windows as bytes, too, with 4 more each. All filled up to multiples of 4.
 */
void tfg_conv_2d_pool_s8(const tfg_conv_2d_pool_s8_t *p, const int8_t *input, int8_t *output, int16_t *scratch);

TFG_C_END

#endif /* TFG_CONV_2D_POOL_S8_H */
