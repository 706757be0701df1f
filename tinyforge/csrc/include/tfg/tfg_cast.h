#ifndef TFG_CAST_H
#define TFG_CAST_H

#include "tfg.h"

TFG_C_BEGIN

enum {
    TFG_CAST_BOOL, /* a byte, 0 or 1 */
    TFG_CAST_S8,
    TFG_CAST_U8,
    TFG_CAST_S16,
    TFG_CAST_S32,
    TFG_CAST_S64,
    TFG_CAST_F32
};

/* Numbers from one type to another; a float is cut towards zero and saturates, what is no number becomes the greatest value. */
typedef struct {
    int32_t elements;
    int32_t from; /* one of TFG_CAST_ */
    int32_t to;
} tfg_cast_t;

/* input and output [elements], aligned to their types */
void tfg_cast(const tfg_cast_t *p, const void *input, void *output);

TFG_C_END

#endif /* TFG_CAST_H */
