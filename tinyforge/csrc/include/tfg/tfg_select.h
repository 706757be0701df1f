#ifndef TFG_SELECT_H
#define TFG_SELECT_H

#include "tfg.h"

TFG_C_BEGIN

/* Elements of one tensor or of another, as a condition says; the output may be the buffer of an operand of its own shape. */
typedef struct {
    int32_t elements;         /* of the output */
    int32_t bytes;            /* of an element */
    int32_t condition_stride; /* 1, or 0 where there is one for all */
    int32_t left_stride;
    int32_t right_stride;
} tfg_select_t;

/* output [elements]: left where the condition is not 0, else right */
void tfg_select(const tfg_select_t *p, const uint8_t *condition, const void *left, const void *right, void *output);

TFG_C_END

#endif /* TFG_SELECT_H */
