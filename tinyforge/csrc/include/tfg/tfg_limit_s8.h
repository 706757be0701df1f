#ifndef TFG_LIMIT_S8_H
#define TFG_LIMIT_S8_H

#include "tfg.h"

TFG_C_BEGIN

/* Values cut to a range. Input and output may be one buffer. */
typedef struct {
    int32_t elements;
    int32_t min;
    int32_t max;
} tfg_limit_s8_t;

/* input and output [elements] */
void tfg_limit_s8(const tfg_limit_s8_t *p, const int8_t *input, int8_t *output);

TFG_C_END

#endif /* TFG_LIMIT_S8_H */
