#ifndef TFG_DEQUANTIZE_S8_H
#define TFG_DEQUANTIZE_S8_H

#include "tfg.h"

TFG_C_BEGIN

/* int8 or uint8 to float: scale * (value - zero_point), where value is the byte with its sign bit flipped for uint8. */
typedef struct {
    float scale;
    int32_t zero_point;
    int32_t flip; /* 0x80 for uint8, else 0 */
    int32_t elements;
} tfg_dequantize_s8_t;

/* input and output [elements]; input int8 or uint8 */
void tfg_dequantize_s8(const tfg_dequantize_s8_t *p, const void *input, float *output);

TFG_C_END

#endif /* TFG_DEQUANTIZE_S8_H */
