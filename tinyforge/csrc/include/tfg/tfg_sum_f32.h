#ifndef TFG_SUM_F32_H
#define TFG_SUM_F32_H

#include "tfg.h"

TFG_C_BEGIN

/* Sum over any axes: three loops over what is kept, three over what is added up (strides in input elements). */
typedef struct {
    int32_t kept_0;
    int32_t kept_stride_0;
    int32_t kept_1;
    int32_t kept_stride_1;
    int32_t kept_2;
    int32_t kept_stride_2;
    int32_t count_0;
    int32_t stride_0;
    int32_t count_1;
    int32_t stride_1;
    int32_t count_2;
    int32_t stride_2;
} tfg_sum_f32_t;

/* output [kept_0][kept_1][kept_2] */
void tfg_sum_f32(const tfg_sum_f32_t *p, const float *input, float *output);

TFG_C_END

#endif /* TFG_SUM_F32_H */
