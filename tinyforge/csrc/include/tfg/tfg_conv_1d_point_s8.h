#ifndef TFG_CONV_1D_POINT_S8_H
#define TFG_CONV_1D_POINT_S8_H

#include "tfg.h"

TFG_C_BEGIN

/*
 * Convolution of one channel with a kernel of one: each output is one product. Two roundings an output (gemmlowp).
 *
 * A channel is four words: weight, bias, multiplier, final word, as those of tfg_conv_2d_narrow_s8 with one pair.
 */
typedef struct {
    const int32_t *channels; /* [out_ch][4] */
    int32_t places;
    int32_t out_ch;
    int32_t zero_point;
    int32_t min;
    int32_t max;
} tfg_conv_1d_point_s8_t;

/* input [places], output [places][out_ch] */
void tfg_conv_1d_point_s8(const tfg_conv_1d_point_s8_t *p, const int8_t *input, int8_t *output);

TFG_C_END

#endif /* TFG_CONV_1D_POINT_S8_H */
