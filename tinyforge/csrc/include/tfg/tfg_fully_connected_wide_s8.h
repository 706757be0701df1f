#ifndef TFG_FULLY_CONNECTED_WIDE_S8_H
#define TFG_FULLY_CONNECTED_WIDE_S8_H

#include "tfg.h"

TFG_C_BEGIN

/* Dense layer whose factor needs 62 bits of multiplier: rare, very large or very small rescaling. One rounding. */
typedef struct {
    const int8_t *filter; /* [out_len / 4]: [in_len / 4][4 outputs][4 inputs], then [in_len % 4][4 outputs] */
    const int32_t *bias;  /* [out_len], the input's zero point folded in */
    int32_t batches;
    int32_t in_len;
    int32_t out_len;
    const int32_t *multiplier;     /* [out_len], upper 31 bits */
    const int32_t *multiplier_low; /* [out_len], lower 31 bits */
    const int8_t *shift;           /* [out_len], 1..31, after dropping the lower 31 bits of the product */
    int32_t zero_point;
    int32_t min;
    int32_t max;
} tfg_fully_connected_wide_s8_t;

/* input [batches][in_len], output [batches][out_len] */
void tfg_fully_connected_wide_s8(const tfg_fully_connected_wide_s8_t *p, const int8_t *input, int8_t *output);

TFG_C_END

#endif /* TFG_FULLY_CONNECTED_WIDE_S8_H */
