#ifndef TFG_FLIP_S8_H
#define TFG_FLIP_S8_H

#include "tfg.h"

TFG_C_BEGIN

/* uint8 to int8 and back: the sign bit flipped, which moves all values by 128. Input and output may be one buffer. */
typedef struct {
    int32_t elements;
} tfg_flip_s8_t;

/* input and output [elements] of int8 or uint8 */
void tfg_flip_s8(const tfg_flip_s8_t *p, const void *input, void *output);

TFG_C_END

#endif /* TFG_FLIP_S8_H */
