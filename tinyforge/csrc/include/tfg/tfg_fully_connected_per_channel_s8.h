#ifndef TFG_FULLY_CONNECTED_PER_CHANNEL_S8_H
#define TFG_FULLY_CONNECTED_PER_CHANNEL_S8_H

#include "tfg.h"

TFG_C_BEGIN

/*
 * Dense layer with a scale for each output, one rounding an output:
 * out = clamp(((hi32(acc * multiplier) + 2^(shift-1)) >> shift) + zero_point), proven equal to the reference's
 * rounded double product on every reachable acc.
 */
typedef struct {
    const int8_t *filter;      /* [out_len / 4]: [in_len / 4][4 outputs][4 inputs], then [in_len % 4][4 outputs] */
    const int32_t *bias;       /* [out_len] and zeros up to a multiple of 4, the input's zero point folded in */
    const int32_t *multiplier; /* the same number, (0, 2^31) */
    const int8_t *shift;       /* the same number, 1..22 */
    int32_t batches;
    int32_t in_len;
    int32_t out_len;
    int32_t zero_point;
    int32_t min;
    int32_t max;
} tfg_fully_connected_per_channel_s8_t;

/* input [batches][in_len], output [batches][out_len] */
void tfg_fully_connected_per_channel_s8(const tfg_fully_connected_per_channel_s8_t *p, const int8_t *input,
                                        int8_t *output);

TFG_C_END

#endif /* TFG_FULLY_CONNECTED_PER_CHANNEL_S8_H */
