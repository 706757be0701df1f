#ifndef TFG_CONCATENATION_H
#define TFG_CONCATENATION_H

#include "tfg.h"

TFG_C_BEGIN

/* One input of a concatenation: chunks that lie in a row are written at a stride into the output. Sizes in bytes. */
typedef struct {
    int32_t chunk;  /* bytes of this input at each place */
    int32_t count;  /* places */
    int32_t offset; /* of the first chunk in the output */
    int32_t stride; /* between chunks in the output */
} tfg_concatenation_t;

/* input [count][chunk]; writes chunk bytes of each stride bytes of the output */
void tfg_concatenation(const tfg_concatenation_t *p, const void *input, void *output);

TFG_C_END

#endif /* TFG_CONCATENATION_H */
