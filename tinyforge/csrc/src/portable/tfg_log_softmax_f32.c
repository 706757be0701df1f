#include "tfg/tfg_log_softmax_f32.h"

#include "../tfg_float.h"

static void row(const tfg_log_softmax_f32_t *p, const float *input, float *output)
{
    float most = input[0];
    for (int32_t i = 1; i < p->depth; i++) {
        most = input[i] > most ? input[i] : most;
    }
    float sum = 0.0f;
    for (int32_t i = 0; i < p->depth; i++) {
        sum += tfg_expf(input[i] - most);
    }
    const float log_sum = tfg_logf(sum);
    for (int32_t i = 0; i < p->depth; i++) {
        output[i] = input[i] - most - log_sum;
    }
}

void tfg_log_softmax_f32(const tfg_log_softmax_f32_t *p, const float *input, float *output)
{
    for (int32_t i = 0; i < p->rows; i++) {
        row(p, input + i * p->depth, output + i * p->depth);
    }
}
