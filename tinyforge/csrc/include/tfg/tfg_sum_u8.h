#ifndef TFG_SUM_U8_H
#define TFG_SUM_U8_H

#include "tfg.h"

TFG_C_BEGIN

/*
 * Sum of uint8 over any axes: three loops over what is kept, three over what is added (strides in input elements).
 * TFLite's reference uses it for int8 as well, taking the bytes for uint8.
 */
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
    int32_t bias; /* minus zero point times count */
    int32_t multiplier;
    int32_t exponent;
    int32_t zero_point;
} tfg_sum_u8_t;

/* output [kept_0][kept_1][kept_2]; both of bytes */
void tfg_sum_u8(const tfg_sum_u8_t *p, const void *input, void *output);

TFG_C_END

#endif /* TFG_SUM_U8_H */
