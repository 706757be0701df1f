#ifndef TFG_CONV_2D_GROUPWISE_S8_H
#define TFG_CONV_2D_GROUPWISE_S8_H

#include "tfg.h"

TFG_C_BEGIN

/*
 * What tfg_conv_2d_grouped_s8 computes, group by group as tfg_conv_2d_s8 does, which this calls: some outputs of a row
 * at a time. Two roundings an output (gemmlowp).
 */
typedef struct {
    const int8_t *filter;      /* [in_ch / group_in_ch], each as tfg_conv_2d_s8_t has that of group_out_ch channels */
    const int32_t *bias;       /* the same */
    const int32_t *multiplier; /* the same */
    const int32_t *rare;       /* the same, each closed with -1; or NULL */
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
    int32_t groups;    /* of four weights in a window of a group, the last filled up with zeros */
    int32_t columns;   /* outputs of a row that are computed together */
    int32_t pad_value; /* the input's zero point */
    int32_t zero_point;
    int32_t min;
    int32_t max;
} tfg_conv_2d_groupwise_s8_t;

/*
 * input [batches][in_h][in_w][in_ch], output [batches][out_h][out_w][out_ch], scratch word-aligned: with width =
 * (columns - 1) * stride_w + (kernel_w - 1) * dilation_w + 1 + (group_in_ch < 3 ? 3 : 1), inputs of all groups
 * [kernel_h][width][in_ch]; outputs of a group [columns][group_out_ch]; what tfg_conv_2d_s8 takes. All filled up to
 * multiples of 4.
 */
void tfg_conv_2d_groupwise_s8(const tfg_conv_2d_groupwise_s8_t *p, const int8_t *input, int8_t *output,
                              int16_t *scratch);

TFG_C_END

#endif /* TFG_CONV_2D_GROUPWISE_S8_H */
