#include "tfg/tfg_logistic_f32.h"

#include "../tfg_float.h"

static float logistic(float x)
{
    if (x > 16.619047164916992188f) {
        return 1.0f;
    }
    return x < -9.0f ? tfg_expf(x) : 1.0f / (1.0f + tfg_expf(-x));
}

void tfg_logistic_f32(const tfg_logistic_f32_t *p, const float *input, float *output)
{
    for (int32_t i = 0; i < p->elements; i++) {
        output[i] = logistic(input[i]);
    }
}
