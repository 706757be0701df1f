#ifndef TFG_STRIDED_BYTES_H
#define TFG_STRIDED_BYTES_H

#include "tfg.h"

TFG_C_BEGIN

/* As tfg_strided_copy where no two bytes of the input stay side by side. */
typedef struct {
    int32_t offset; /* of the first byte taken */
    int32_t count_0;
    int32_t stride_0; /* may be negative */
    int32_t count_1;
    int32_t stride_1;
    int32_t count_2;
    int32_t stride_2;
    int32_t count_3;
    int32_t stride_3;
    int32_t count_4;
    int32_t stride_4;
} tfg_strided_bytes_t;

/* output [count_0][count_1][count_2][count_3][count_4] */
void tfg_strided_bytes(const tfg_strided_bytes_t *p, const void *input, void *output);

TFG_C_END

#endif /* TFG_STRIDED_BYTES_H */
