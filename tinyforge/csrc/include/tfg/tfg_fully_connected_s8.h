#ifndef TFG_FULLY_CONNECTED_S8_H
#define TFG_FULLY_CONNECTED_S8_H

#include "tfg.h"

TFG_C_BEGIN

/*
 * Dense layer, one rounding an output: out = clamp((hi32(acc * multiplier) + rounding) >> shift).
 * The compiler has proven these integers equal to the reference's rounded double product on every reachable acc.
 */
typedef struct {
    const int8_t *filter; /* [out_len / 4]: [in_len / 4][4 outputs][4 inputs], then [in_len % 4][4 outputs] */
    const int32_t *bias;  /* [out_len] and zeros up to a multiple of 4, the input's zero point folded in */
    int32_t batches;
    int32_t in_len;
    int32_t out_len;
    int32_t multiplier; /* (0, 2^31) */
    int32_t rounding;   /* half a step and the output's zero point, scaled by 2^shift */
    int32_t shift;      /* 1..22 */
    int32_t min;
    int32_t max;
} tfg_fully_connected_s8_t;

/* input [batches][in_len], output [batches][out_len] */
void tfg_fully_connected_s8(const tfg_fully_connected_s8_t *p, const int8_t *input, int8_t *output);

TFG_C_END

#endif /* TFG_FULLY_CONNECTED_S8_H */
