#ifndef TFG_MIRROR_PAD_H
#define TFG_MIRROR_PAD_H

#include "tfg.h"

TFG_C_BEGIN

/* The input mirrored at its edges along each of four dimensions. */
typedef struct {
    int32_t run; /* bytes in a row at each place */
    int32_t size_0;
    int32_t before_0;
    int32_t after_0;
    int32_t size_1;
    int32_t before_1;
    int32_t after_1;
    int32_t size_2;
    int32_t before_2;
    int32_t after_2;
    int32_t size_3;
    int32_t before_3;
    int32_t after_3;
    int32_t reflect; /* 1: the edge itself is not repeated (REFLECT); 0: it is (SYMMETRIC) */
} tfg_mirror_pad_t;

/* input [size_0][size_1][size_2][size_3][run] */
void tfg_mirror_pad(const tfg_mirror_pad_t *p, const void *input, void *output);

TFG_C_END

#endif /* TFG_MIRROR_PAD_H */
