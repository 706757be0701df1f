#ifndef TFG_PAD_H
#define TFG_PAD_H

#include "tfg.h"

TFG_C_BEGIN

/* Bytes of one value around the input along each of five nested dimensions; `run` bytes of input lie in a row. */
typedef struct {
    int32_t value; /* of each byte */
    int32_t run;
    int32_t count_0;
    int32_t before_0; /* bytes */
    int32_t after_0;
    int32_t count_1;
    int32_t before_1;
    int32_t after_1;
    int32_t count_2;
    int32_t before_2;
    int32_t after_2;
    int32_t count_3;
    int32_t before_3;
    int32_t after_3;
    int32_t before_4; /* around each run */
    int32_t after_4;
} tfg_pad_t;

/* input [count_0][count_1][count_2][count_3][run] */
void tfg_pad(const tfg_pad_t *p, const void *input, void *output);

TFG_C_END

#endif /* TFG_PAD_H */
