#ifndef TFG_LOGISTIC_F32_H
#define TFG_LOGISTIC_F32_H

#include "tfg.h"

TFG_C_BEGIN

/* 1 / (1 + e^-x) in float, after a DEQUANTIZE. Input and output may be one buffer. */
typedef struct {
    int32_t elements;
} tfg_logistic_f32_t;

/* input and output [elements] */
void tfg_logistic_f32(const tfg_logistic_f32_t *p, const float *input, float *output);

TFG_C_END

#endif /* TFG_LOGISTIC_F32_H */
