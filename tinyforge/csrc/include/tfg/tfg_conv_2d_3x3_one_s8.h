#ifndef TFG_CONV_2D_3X3_ONE_S8_H
#define TFG_CONV_2D_3X3_ONE_S8_H

#include "tfg.h"

TFG_C_BEGIN

/* 3x3 convolution from one channel to one, stride 1 or 2. Two roundings an output (gemmlowp). */
typedef struct {
    const int8_t *filter; /* [3][3] */
    int32_t bias;         /* the zero point folded in; |bias| < 2^29 */
    int32_t multiplier;
    int32_t shift; /* right shift less one, 0..21 */
    int32_t batches;
    int32_t in_h;
    int32_t in_w;
    int32_t out_h;
    int32_t out_w;  /* > 1 */
    int32_t stride; /* of rows and columns, 1 or 2 */
    int32_t pad_h;
    int32_t pad_w;
    int32_t pad_value; /* the input's zero point */
    int32_t zero_point;
    int32_t min;
    int32_t max;
} tfg_conv_2d_3x3_one_s8_t;

/*
 * input [batches][in_h][in_w], output [batches][out_h][out_w], scratch word-aligned: 32 bytes for each column that the
 * windows of a row reach
 */
void tfg_conv_2d_3x3_one_s8(const tfg_conv_2d_3x3_one_s8_t *p, const int8_t *input, int8_t *output, int16_t *scratch);

TFG_C_END

#endif /* TFG_CONV_2D_3X3_ONE_S8_H */
