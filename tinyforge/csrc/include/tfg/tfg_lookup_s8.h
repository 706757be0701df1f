#ifndef TFG_LOOKUP_S8_H
#define TFG_LOOKUP_S8_H

#include "tfg.h"

TFG_C_BEGIN

/* Any function of one byte, as a table; for int8 and uint8 alike. Input and output may be one buffer. */
typedef struct {
    const int8_t *table; /* [256], by the input's bits as an unsigned number */
    int32_t elements;
} tfg_lookup_s8_t;

/* input and output [elements] of int8 or uint8 */
void tfg_lookup_s8(const tfg_lookup_s8_t *p, const void *input, void *output);

TFG_C_END

#endif /* TFG_LOOKUP_S8_H */
