#ifndef TFG_CONV_1D_POOL_S8_H
#define TFG_CONV_1D_POOL_S8_H

#include "tfg.h"

TFG_C_BEGIN

/*
 * As tfg_conv_1d_s8, then the greatest of `pool` places side by side. Rescaling and clamp never decrease, so the greatest
 * sum gives the greatest output, and only that one is rescaled: tinyforge/compiler/fuse.py says when that is so.
 */
typedef struct {
    const int8_t *filter;      /* [out_ch / 2][groups][inputs 0 2, 1 3][2 inputs][2 channels], zeros beyond the edges */
    const int32_t *bias;       /* [out_ch], one more if odd: 256 * bias, the zero point folded in, plus shift, 0..21 */
    const int32_t *multiplier; /* the same number */
    int32_t batches;
    int32_t in_len;
    int32_t in_ch;
    int32_t places; /* of the convolution that are pooled: `pool` for each output, or one less for the last */
    int32_t pool;   /* 2 or 4; 4: places is a multiple of it */
    int32_t out_ch;
    int32_t kernel;
    int32_t stride;
    int32_t pad;       /* steps before the first */
    int32_t groups;    /* of four weights in a window, the last filled up with zeros */
    int32_t pad_value; /* the input's zero point */
    int32_t zero_point;
    int32_t min;
    int32_t max;
} tfg_conv_1d_pool_s8_t;

/* input [batches][in_len][in_ch], output [batches][places / pool, rounded up][out_ch], scratch 4 windows as int16 */
void tfg_conv_1d_pool_s8(const tfg_conv_1d_pool_s8_t *p, const int8_t *input, int8_t *output, int16_t *scratch);

TFG_C_END

#endif /* TFG_CONV_1D_POOL_S8_H */
