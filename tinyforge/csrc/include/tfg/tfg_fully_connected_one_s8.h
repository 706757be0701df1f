#ifndef TFG_FULLY_CONNECTED_ONE_S8_H
#define TFG_FULLY_CONNECTED_ONE_S8_H

#include "tfg.h"

TFG_C_BEGIN

/* Dense layer of one output; one rounding, as in tfg_fully_connected_s8. */
typedef struct {
    const int16_t *filter; /* [in_len / 4][4], each four in the order 0 2 1 3, then [in_len % 4] */
    int32_t groups;        /* in_len / 4 */
    int32_t rest;          /* in_len % 4 */
    int32_t bias;          /* the input's zero point folded in */
    int32_t batches;
    int32_t multiplier; /* (0, 2^31) */
    int32_t rounding;   /* half a step and the output's zero point, scaled by 2^shift */
    int32_t shift;      /* 1..22 */
    int32_t min;
    int32_t max;
} tfg_fully_connected_one_s8_t;

/* input [batches][4 * groups + rest], output [batches] */
void tfg_fully_connected_one_s8(const tfg_fully_connected_one_s8_t *p, const int8_t *input, int8_t *output);

TFG_C_END

#endif /* TFG_FULLY_CONNECTED_ONE_S8_H */
