#include "tfg/tfg_svdf_s8.h"

#include <string.h>

#include "../tfg_internal.h"

/* forget the oldest, append the newest */
static void remember(const tfg_svdf_s8_t *p, const int8_t *input, int16_t *state)
{
    const int8_t *weights = p->feature;
    for (int32_t filter = 0; filter < p->units * p->rank; filter++) {
        int32_t acc = p->feature_bias[filter];
        for (int32_t in = 0; in < p->in_len; in++) {
            acc += weights[in] * input[in];
        }
        acc = tfg_requantize(acc, p->feature_multiplier, p->feature_exponent);
        memmove(state, state + 1, (size_t)(p->memory - 1) * sizeof(int16_t));
        state[p->memory - 1] = (int16_t)tfg_saturate_s16(acc);
        state += p->memory;
        weights += p->in_len;
    }
}

void tfg_svdf_s8(const tfg_svdf_s8_t *p, const int8_t *input, int8_t *output, int16_t *state)
{
    const int32_t length = p->rank * p->memory;
    for (int32_t batch = 0; batch < p->batches; batch++) {
        remember(p, input, state);
        const int16_t *time = p->time;
        for (int32_t unit = 0; unit < p->units; unit++) {
            int32_t acc = p->bias[unit];
            for (int32_t i = 0; i < length; i++) {
                acc = tfg_add_wrap(acc, time[i] * state[i]);
            }
            acc = tfg_requantize(acc, p->multiplier, p->exponent);
            *output++ = tfg_clamp_s8(tfg_add_wrap(acc, p->zero_point), INT8_MIN, INT8_MAX);
            time += length;
            state += length;
        }
        input += p->in_len;
    }
}
