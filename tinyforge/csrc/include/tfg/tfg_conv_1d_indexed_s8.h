#ifndef TFG_CONV_1D_INDEXED_S8_H
#define TFG_CONV_1D_INDEXED_S8_H

#include "tfg.h"

TFG_C_BEGIN

/*
 * As tfg_conv_1d_s8 and, for places that are pooled, tfg_conv_1d_pool_s8, with weights of at most 16 values, four bits each.
 */
typedef struct {
    const uint16_t *rows;      /* [out_ch][groups] places in the book of inputs 0 2 1 3, lowest bits first */
    const int8_t *book;        /* [16] values, or NULL */
    const uint32_t *pairs;     /* NULL, or [256]: both values of a byte of `rows` as two int16 */
    const int32_t *bias;       /* [out_ch]: 256 * bias, the input's zero point folded in, plus shift, 0..21 */
    const int32_t *multiplier; /* [out_ch] */
    int32_t batches;
    int32_t in_len;
    int32_t in_ch;
    int32_t places; /* of the convolution; pool 2: the last output may have one; pool 4: a multiple of it */
    int32_t pool;   /* places for an output: 1, 2 or 4 */
    int32_t out_ch;
    int32_t kernel;
    int32_t stride;
    int32_t pad;       /* steps before the first */
    int32_t groups;    /* of four weights in a window */
    int32_t pad_value; /* the input's zero point */
    int32_t zero_point;
    int32_t min;
    int32_t max;
} tfg_conv_1d_indexed_s8_t;

/* input [batches][in_len][in_ch], output [batches][places / pool, rounded up][out_ch], scratch 4 windows as int16 */
void tfg_conv_1d_indexed_s8(const tfg_conv_1d_indexed_s8_t *p, const int8_t *input, int8_t *output, int16_t *scratch);

TFG_C_END

#endif /* TFG_CONV_1D_INDEXED_S8_H */
