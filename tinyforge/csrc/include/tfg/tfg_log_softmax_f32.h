#ifndef TFG_LOG_SOFTMAX_F32_H
#define TFG_LOG_SOFTMAX_F32_H

#include "tfg.h"

TFG_C_BEGIN

/* Logarithm of the softmax of each row in float, after a DEQUANTIZE. Input and output may be one buffer. */
typedef struct {
    int32_t rows;
    int32_t depth;
} tfg_log_softmax_f32_t;

/* input and output [rows][depth] */
void tfg_log_softmax_f32(const tfg_log_softmax_f32_t *p, const float *input, float *output);

TFG_C_END

#endif /* TFG_LOG_SOFTMAX_F32_H */
