#ifndef TFG_COPY_H
#define TFG_COPY_H

#include "tfg.h"

TFG_C_BEGIN

/* Bytes moved as they are; input and output may be the same buffer. */
typedef struct {
    int32_t bytes;
} tfg_copy_t;

void tfg_copy(const tfg_copy_t *p, const void *input, void *output);

TFG_C_END

#endif /* TFG_COPY_H */
