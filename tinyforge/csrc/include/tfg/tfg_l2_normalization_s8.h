#ifndef TFG_L2_NORMALIZATION_S8_H
#define TFG_L2_NORMALIZATION_S8_H

#include "tfg.h"

TFG_C_BEGIN

/* Each row divided by its length; output scale 1/128, zero point 0. Input and output may be one buffer. */
typedef struct {
    int32_t rows;
    int32_t depth;     /* at most 33025: the sum of squares keeps to 32 bits */
    int32_t in_offset; /* minus the input's zero point */
} tfg_l2_normalization_s8_t;

/* input and output [rows][depth] */
void tfg_l2_normalization_s8(const tfg_l2_normalization_s8_t *p, const int8_t *input, int8_t *output);

TFG_C_END

#endif /* TFG_L2_NORMALIZATION_S8_H */
