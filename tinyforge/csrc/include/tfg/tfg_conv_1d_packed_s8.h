#ifndef TFG_CONV_1D_PACKED_S8_H
#define TFG_CONV_1D_PACKED_S8_H

#include "tfg.h"

TFG_C_BEGIN

/*
 * Convolution along one dimension whose weights are packed: many zeros. A window of
 * kernel * in_ch bytes is contiguous. Two roundings an output (gemmlowp); of places that are pooled, only the greatest sum
 * is rescaled: tinyforge/compiler/fuse.py says when that is so.
 */
typedef struct {
    const uint8_t *rows;       /* packed weights of one channel after the other, see src/tfg_packed.h */
    const uint16_t *entries;   /* [out_ch] of each row */
    const int8_t *book;        /* [16] values; NULL for the form without */
    const int32_t *bias;       /* [out_ch], the input's zero point folded in */
    const int32_t *multiplier; /* [out_ch] */
    const int8_t *shift;       /* [out_ch], 0..21: right shift less one */
    int32_t form;              /* 0 coded, 1 sparse */
    int32_t pool;              /* places of the convolution for an output: 1, 2 or 4 */
    int32_t out_ch;
    int32_t batches;
    int32_t in_len;
    int32_t in_ch;
    int32_t places; /* of the convolution; pool 2: the last output may have one; pool 4: a multiple of it */
    int32_t kernel;
    int32_t stride;
    int32_t pad;       /* steps before the first */
    int32_t pad_value; /* the input's zero point */
    int32_t zero_point;
    int32_t min;
    int32_t max;
} tfg_conv_1d_packed_s8_t;

/* input [batches][in_len][in_ch], output [batches][places / pool, rounded up][out_ch], scratch 4 windows, word-aligned */
void tfg_conv_1d_packed_s8(const tfg_conv_1d_packed_s8_t *p, const int8_t *input, int8_t *output, int16_t *scratch);

TFG_C_END

#endif /* TFG_CONV_1D_PACKED_S8_H */
