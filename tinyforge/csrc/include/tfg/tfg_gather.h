#ifndef TFG_GATHER_H
#define TFG_GATHER_H

#include "tfg.h"

TFG_C_BEGIN

/* Slices of the input chosen by index. An index outside of the input takes the nearest slice inside. */
typedef struct {
    int32_t batches; /* each with indices of its own */
    int32_t outer;   /* each with the same indices */
    int32_t size;    /* slices to choose from */
    int32_t count;   /* indices */
    int32_t run;     /* bytes of a slice */
} tfg_gather_t;

/* input [batches][outer][size][run], indices [batches][count], output [batches][outer][count][run] */
void tfg_gather(const tfg_gather_t *p, const void *input, const int32_t *indices, void *output);

TFG_C_END

#endif /* TFG_GATHER_H */
