#ifndef TFG_COMPARE_S8_H
#define TFG_COMPARE_S8_H

#include "tfg.h"

TFG_C_BEGIN

/* Which of two tensors is greater, at one scale, with broadcasting (stride 0); the output may be the buffer of an operand of its own shape. */
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
    int32_t offset_left; /* minus the operand's zero point */
    int32_t multiplier_left;
    int32_t exponent_left; /* <= 0 */
    int32_t offset_right;
    int32_t multiplier_right;
    int32_t exponent_right; /* <= 0 */
    int32_t below;          /* what is written where left < right, 0 or 1 */
    int32_t equal;
    int32_t above;
} tfg_compare_s8_t;

/* output [size_0][size_1][size_2][size_3] */
void tfg_compare_s8(const tfg_compare_s8_t *p, const int8_t *left, const int8_t *right, uint8_t *output);

TFG_C_END

#endif /* TFG_COMPARE_S8_H */
