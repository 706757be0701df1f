#ifndef TFG_SOFTMAX_S8_H
#define TFG_SOFTMAX_S8_H

#include "tfg.h"

TFG_C_BEGIN

/* Softmax of each row in fixed point; output scale 1/256, zero point -128. Input and output may be one buffer. */
typedef struct {
    int32_t rows;
    int32_t depth;
    int32_t multiplier; /* takes a difference to Q5.26 */
    int32_t left_shift;
    int32_t diff_min; /* smaller differences to the greatest value give probability 0 */
} tfg_softmax_s8_t;

/* input and output [rows][depth] */
void tfg_softmax_s8(const tfg_softmax_s8_t *p, const int8_t *input, int8_t *output);

TFG_C_END

#endif /* TFG_SOFTMAX_S8_H */
