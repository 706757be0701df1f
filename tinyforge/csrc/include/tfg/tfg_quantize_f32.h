#ifndef TFG_QUANTIZE_F32_H
#define TFG_QUANTIZE_F32_H

#include "tfg.h"

TFG_C_BEGIN

/*
 * Float to int8 or uint8: value / scale, rounded with halves away from zero, plus the zero point, cut to min..max.
 * What is no number becomes min.
 */
typedef struct {
    float scale;
    int32_t zero_point;
    int32_t min;
    int32_t max;
    int32_t elements;
} tfg_quantize_f32_t;

/* input and output [elements]; output int8 or uint8 */
void tfg_quantize_f32(const tfg_quantize_f32_t *p, const float *input, void *output);

TFG_C_END

#endif /* TFG_QUANTIZE_F32_H */
