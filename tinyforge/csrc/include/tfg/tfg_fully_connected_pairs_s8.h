#ifndef TFG_FULLY_CONNECTED_PAIRS_S8_H
#define TFG_FULLY_CONNECTED_PAIRS_S8_H

#include "tfg.h"

TFG_C_BEGIN

/*
 * As tfg_fully_connected_s8, with weights of at most 16 values: a byte is two of them, and a table says which, so that they
 * are looked up together. The number of inputs is a multiple of four.
 */
typedef struct {
    const uint32_t *pairs; /* [256] both values of a byte as two int16 */
    const uint8_t *rows;   /* [out_len / 4, rounded up][in_len / 4][inputs 0 2, 1 3][4 outputs], word-aligned */
    const int32_t *bias;   /* [out_len] up to a multiple of 4, the input's zero point folded in */
    int32_t batches;
    int32_t in_len;
    int32_t out_len;
    int32_t multiplier; /* (0, 2^31) */
    int32_t rounding;   /* half a step and the output's zero point, scaled by 2^shift */
    int32_t shift;      /* 1..22 */
    int32_t min;
    int32_t max;
} tfg_fully_connected_pairs_s8_t;

/* input [batches][in_len], output [batches][out_len] */
void tfg_fully_connected_pairs_s8(const tfg_fully_connected_pairs_s8_t *p, const int8_t *input, int8_t *output);

TFG_C_END

#endif /* TFG_FULLY_CONNECTED_PAIRS_S8_H */
