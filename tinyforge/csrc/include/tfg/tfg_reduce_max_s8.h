#ifndef TFG_REDUCE_MAX_S8_H
#define TFG_REDUCE_MAX_S8_H

#include "tfg.h"

TFG_C_BEGIN

/* Greatest value over any axes, or with all bits flipped the least: three loops over what is kept, three over what is not. */
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
    int32_t flip; /* 0xFF for the least value, else 0 */
} tfg_reduce_max_s8_t;

/* output [kept_0][kept_1][kept_2] */
void tfg_reduce_max_s8(const tfg_reduce_max_s8_t *p, const int8_t *input, int8_t *output);

TFG_C_END

#endif /* TFG_REDUCE_MAX_S8_H */
