#ifndef TFG_SOFTMAX_F32_H
#define TFG_SOFTMAX_F32_H

#include "tfg.h"

TFG_C_BEGIN

/* Softmax of each row in float, after a DEQUANTIZE. Input and output may be one buffer. */
typedef struct {
    int32_t rows;
    int32_t depth;
    float beta;
} tfg_softmax_f32_t;

/* input and output [rows][depth] */
void tfg_softmax_f32(const tfg_softmax_f32_t *p, const float *input, float *output);

TFG_C_END

#endif /* TFG_SOFTMAX_F32_H */
