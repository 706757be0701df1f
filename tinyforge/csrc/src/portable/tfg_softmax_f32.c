#include "tfg/tfg_softmax_f32.h"

#include "../tfg_float.h"

static void row(const tfg_softmax_f32_t *p, const float *input, float *output)
{
    float most = input[0];
    for (int32_t i = 1; i < p->depth; i++) {
        most = input[i] > most ? input[i] : most;
    }
    float sum = 0.0f;
    for (int32_t i = 0; i < p->depth; i++) {
        output[i] = tfg_expf((input[i] - most) * p->beta);
        sum += output[i];
    }
    for (int32_t i = 0; i < p->depth; i++) {
        output[i] = output[i] / sum;
    }
}

void tfg_softmax_f32(const tfg_softmax_f32_t *p, const float *input, float *output)
{
    for (int32_t i = 0; i < p->rows; i++) {
        row(p, input + i * p->depth, output + i * p->depth);
    }
}
