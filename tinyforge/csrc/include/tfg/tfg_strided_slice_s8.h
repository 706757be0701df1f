#ifndef TFG_STRIDED_SLICE_S8_H
#define TFG_STRIDED_SLICE_S8_H

#include "tfg.h"

TFG_C_BEGIN

/* Four nested loops over the input; a stride may be negative. */
typedef struct {
    int32_t offset; /* first element taken */
    int32_t count_0;
    int32_t stride_0;
    int32_t count_1;
    int32_t stride_1;
    int32_t count_2;
    int32_t stride_2;
    int32_t count_3;
    int32_t stride_3;
} tfg_strided_slice_s8_t;

/* output [count_0][count_1][count_2][count_3] */
void tfg_strided_slice_s8(const tfg_strided_slice_s8_t *p, const int8_t *input, int8_t *output);

TFG_C_END

#endif /* TFG_STRIDED_SLICE_S8_H */
