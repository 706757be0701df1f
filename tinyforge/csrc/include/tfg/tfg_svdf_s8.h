#ifndef TFG_SVDF_S8_H
#define TFG_SVDF_S8_H

#include "tfg.h"

TFG_C_BEGIN

/*
 * Streaming layer: every filter turns the input into one int16, remembers the last `memory` of them and weighs them
 * over time; `rank` filters in a row make one unit. Sums over time wrap at 32 bits, as the reference's do.
 */
typedef struct {
    const int8_t *feature;       /* [units * rank][in_len] */
    const int32_t *feature_bias; /* [units * rank], the input's zero point folded in */
    const int16_t *time;         /* [units * rank][memory] */
    const int32_t *bias;         /* [units] */
    int32_t batches;
    int32_t in_len;
    int32_t units;
    int32_t rank;
    int32_t memory;
    int32_t feature_multiplier;
    int32_t feature_exponent; /* -31..30 */
    int32_t multiplier;
    int32_t exponent; /* -31..30 */
    int32_t zero_point;
} tfg_svdf_s8_t;

/* input [batches][in_len], output [batches][units], state [batches][units * rank][memory] */
void tfg_svdf_s8(const tfg_svdf_s8_t *p, const int8_t *input, int8_t *output, int16_t *state);

TFG_C_END

#endif /* TFG_SVDF_S8_H */
