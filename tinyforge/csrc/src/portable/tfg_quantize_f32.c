#include "tfg/tfg_quantize_f32.h"

#include "../tfg_internal.h"

void tfg_quantize_f32(const tfg_quantize_f32_t *p, const float *input, void *output)
{
    uint8_t *out = output;
    for (int32_t i = 0; i < p->elements; i++) {
        float steps = input[i] / p->scale;
        steps = steps >= -1024.0f ? steps : -1024.0f;
        steps = steps <= 1024.0f ? steps : 1024.0f;
        int32_t value = (int32_t)steps;
        const float rest = steps - (float)value; /* exact */
        value += rest >= 0.5f ? 1 : rest <= -0.5f ? -1 : 0;
        out[i] = (uint8_t)tfg_min(tfg_max(value + p->zero_point, p->min), p->max);
    }
}
