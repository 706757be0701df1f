#ifndef TFG_TRANSPOSE_CONV_PHASES_S8_H
#define TFG_TRANSPOSE_CONV_PHASES_S8_H

#include "tfg.h"

TFG_C_BEGIN

/*
 * What tfg_transpose_conv_s8 computes. Outputs that are a stride apart (a phase) meet every stride-th tap, and inputs
 * side by side: each phase is a convolution without stride, which tfg_conv_2d_s8 does, some outputs of a row at a time.
 * Two roundings an output (gemmlowp).
 */
typedef struct {
    const int8_t *filter; /* [stride_h][stride_w], each as tfg_conv_2d_s8_t has it: every stride-th tap, last first */
    const int32_t *bias;  /* the same */
    const int32_t *multiplier; /* [out_ch], one more if odd, for all phases */
    const int32_t *rare;       /* [stride_h][stride_w], each closed with -1; or NULL */
    int32_t batches;
    int32_t in_h;
    int32_t in_w;
    int32_t in_ch;
    int32_t out_h;
    int32_t out_w;
    int32_t out_ch;
    int32_t kernel_h; /* no less than the stride */
    int32_t kernel_w; /* the same */
    int32_t stride_h;
    int32_t stride_w;
    int32_t pad_h;
    int32_t pad_w;
    int32_t columns;   /* outputs of a row and phase that are computed together */
    int32_t pad_value; /* the input's zero point */
    int32_t zero_point;
    int32_t min;
    int32_t max;
} tfg_transpose_conv_phases_s8_t;

/*
 * input [batches][in_h][in_w][in_ch], output [batches][out_h][out_w][out_ch], scratch word-aligned: outputs
 * [columns][out_ch], filled up to a multiple of 4, and what tfg_conv_2d_s8 takes.
 */
void tfg_transpose_conv_phases_s8(const tfg_transpose_conv_phases_s8_t *p, const int8_t *input, int8_t *output,
                                  int16_t *scratch);

TFG_C_END

#endif /* TFG_TRANSPOSE_CONV_PHASES_S8_H */
