#ifndef TFG_DEPTHWISE_CONV_2D_3X3_S8_H
#define TFG_DEPTHWISE_CONV_2D_3X3_S8_H

#include "tfg.h"

TFG_C_BEGIN

/*
 * Each channel with a 3x3 filter of its own, stride 1 or 2: what most depthwise convolutions are. Two roundings an
 * output (gemmlowp).
 */
typedef struct {
    const int8_t *filter;      /* [3][3][out_ch] */
    const int32_t *bias;       /* [out_ch], one more if odd: 256 * bias, the zero point folded in, plus shift, 0..21 */
    const int32_t *multiplier; /* the same number */
    const int32_t *rare;       /* channels whose bias takes more: number, bias, shift, -1; or NULL */
    int32_t batches;
    int32_t in_h;
    int32_t in_w;
    int32_t out_h;
    int32_t out_w; /* > 1 */
    int32_t out_ch;
    int32_t stride; /* of rows and columns, 1 or 2 */
    int32_t pad_h;
    int32_t pad_w;
    int32_t pad_value; /* the input's zero point */
    int32_t zero_point;
    int32_t min;
    int32_t max;
} tfg_depthwise_conv_2d_3x3_s8_t;

/*
 * input [batches][in_h][in_w][out_ch], output [batches][out_h][out_w][out_ch], scratch word-aligned: 160 bytes, and 32
 * for each column that the windows of a row reach
 */
void tfg_depthwise_conv_2d_3x3_s8(const tfg_depthwise_conv_2d_3x3_s8_t *p, const int8_t *input, int8_t *output,
                                  int16_t *scratch);

TFG_C_END

#endif /* TFG_DEPTHWISE_CONV_2D_3X3_S8_H */
