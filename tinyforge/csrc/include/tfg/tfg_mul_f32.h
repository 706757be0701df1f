#ifndef TFG_MUL_F32_H
#define TFG_MUL_F32_H

#include "tfg.h"

TFG_C_BEGIN

/* Product of two float tensors with broadcasting (stride 0); the output may be the buffer of an operand of its shape. */
typedef struct {
    int32_t size_0;
    int32_t left_stride_0;
    int32_t right_stride_0;
    int32_t size_1;
    int32_t left_stride_1;
    int32_t right_stride_1;
    int32_t size_2;
    int32_t left_stride_2;
    int32_t right_stride_2;
    int32_t size_3;
    int32_t left_stride_3;
    int32_t right_stride_3;
    float min;
    float max;
} tfg_mul_f32_t;

/* output [size_0][size_1][size_2][size_3] */
void tfg_mul_f32(const tfg_mul_f32_t *p, const float *left, const float *right, float *output);

TFG_C_END

#endif /* TFG_MUL_F32_H */
