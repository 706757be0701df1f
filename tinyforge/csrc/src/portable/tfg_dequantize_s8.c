#include "tfg/tfg_dequantize_s8.h"

#include "../tfg_internal.h"

void tfg_dequantize_s8(const tfg_dequantize_s8_t *p, const void *input, float *output)
{
    const uint8_t *in = input;
    for (int32_t i = 0; i < p->elements; i++) {
        const int8_t value = (int8_t)(in[i] ^ p->flip);
        output[i] = p->scale * (float)(value - p->zero_point);
    }
}
