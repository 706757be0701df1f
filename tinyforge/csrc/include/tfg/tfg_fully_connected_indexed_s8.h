#ifndef TFG_FULLY_CONNECTED_INDEXED_S8_H
#define TFG_FULLY_CONNECTED_INDEXED_S8_H

#include "tfg.h"

TFG_C_BEGIN

/* As tfg_fully_connected_s8, with weights of at most 16 values, four bits each. The number of inputs is even. */
typedef struct {
    const uint8_t *rows; /* [out_len / 4, rounded up][in_len / 2][4 outputs] places in the book, low bits first */
    const int8_t *book;  /* [16] values */
    const int32_t *bias; /* [out_len] up to a multiple of 4, the input's zero point folded in */
    int32_t batches;
    int32_t in_len;
    int32_t out_len;
    int32_t multiplier; /* (0, 2^31) */
    int32_t rounding;   /* half a step and the output's zero point, scaled by 2^shift */
    int32_t shift;      /* 1..22 */
    int32_t min;
    int32_t max;
} tfg_fully_connected_indexed_s8_t;

/* input [batches][in_len], output [batches][out_len] */
void tfg_fully_connected_indexed_s8(const tfg_fully_connected_indexed_s8_t *p, const int8_t *input, int8_t *output);

TFG_C_END

#endif /* TFG_FULLY_CONNECTED_INDEXED_S8_H */
