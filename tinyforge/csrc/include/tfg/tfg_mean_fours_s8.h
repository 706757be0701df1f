#ifndef TFG_MEAN_FOURS_S8_H
#define TFG_MEAN_FOURS_S8_H

#include "tfg.h"

TFG_C_BEGIN

/*
 * What tfg_mean_s8 computes; the fast form takes four outputs at once that lie side by side in the input, or four numbers
 * of one. Three loops over what is kept, three over what is averaged (strides in input elements).
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
    int32_t bias;       /* minus zero point times count */
    int32_t multiplier; /* 1/count folded in */
    int32_t exponent;
    int32_t zero_point;
} tfg_mean_fours_s8_t;

/* output [kept_0][kept_1][kept_2] */
void tfg_mean_fours_s8(const tfg_mean_fours_s8_t *p, const int8_t *input, int8_t *output);

TFG_C_END

#endif /* TFG_MEAN_FOURS_S8_H */
