#ifndef TFG_ARG_MAX_S8_H
#define TFG_ARG_MAX_S8_H

#include "tfg.h"

TFG_C_BEGIN

/* First place of the greatest value along one axis; with all bits flipped, of the least. */
typedef struct {
    int32_t outer; /* elements of the dimensions before the axis */
    int32_t count; /* of the axis */
    int32_t inner; /* elements of the dimensions after it */
    int32_t flip;  /* bits to flip before comparing as int8: 0x80 for uint8, all for the least value */
    int32_t wide;  /* 1: the output is int64 */
} tfg_arg_max_s8_t;

/* input [outer][count][inner] of int8 or uint8, output [outer][inner] of int32 or int64 */
void tfg_arg_max_s8(const tfg_arg_max_s8_t *p, const void *input, void *output);

TFG_C_END

#endif /* TFG_ARG_MAX_S8_H */
