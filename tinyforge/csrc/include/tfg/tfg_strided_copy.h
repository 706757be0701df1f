#ifndef TFG_STRIDED_COPY_H
#define TFG_STRIDED_COPY_H

#include "tfg.h"

TFG_C_BEGIN

/*
 * Elements taken from the input with a stride along each of five loops and written one after the other: slices,
 * splits, transpositions. All sizes are bytes, so the element type does not matter.
 */
typedef struct {
    int32_t offset; /* of the first byte taken */
    int32_t run;    /* bytes in a row at each place, more than 1 */
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
} tfg_strided_copy_t;

/* output [count_0][count_1][count_2][count_3][count_4][run] */
void tfg_strided_copy(const tfg_strided_copy_t *p, const void *input, void *output);

TFG_C_END

#endif /* TFG_STRIDED_COPY_H */
