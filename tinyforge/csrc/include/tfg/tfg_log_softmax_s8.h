#ifndef TFG_LOG_SOFTMAX_S8_H
#define TFG_LOG_SOFTMAX_S8_H

#include "tfg.h"

TFG_C_BEGIN

/* Logarithm of the softmax of each row in fixed point; output scale 1/16, zero point 127. Input and output may be one buffer. */
typedef struct {
    int32_t rows;
    int32_t depth;      /* < 4096 */
    int32_t multiplier; /* takes a difference to Q5.26 */
    int32_t left_shift;
    int32_t diff_min;           /* smaller differences to the greatest value add nothing to the sum */
    int32_t reverse_multiplier; /* takes Q5.26 back to a difference */
    int32_t reverse_exponent;
} tfg_log_softmax_s8_t;

/* input and output [rows][depth] */
void tfg_log_softmax_s8(const tfg_log_softmax_s8_t *p, const int8_t *input, int8_t *output);

TFG_C_END

#endif /* TFG_LOG_SOFTMAX_S8_H */
