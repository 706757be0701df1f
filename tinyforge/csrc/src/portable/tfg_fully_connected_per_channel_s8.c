#include "tfg/tfg_fully_connected_per_channel_s8.h"

#include "../tfg_internal.h"

void tfg_fully_connected_per_channel_s8(const tfg_fully_connected_per_channel_s8_t *p, const int8_t *input,
                                        int8_t *output)
{
    for (int32_t batch = 0; batch < p->batches; batch++) {
        for (int32_t out = 0; out < p->out_len; out++) {
            int32_t acc = p->bias[out] + tfg_dot_dense(input, p->filter, p->in_len, out);
            int32_t high = (int32_t)(((int64_t)acc * p->multiplier[out]) >> 32);
            int32_t rounded = (high + (1 << (p->shift[out] - 1))) >> p->shift[out];
            *output++ = tfg_clamp_s8(rounded + p->zero_point, p->min, p->max);
        }
        input += p->in_len;
    }
}
