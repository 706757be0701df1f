#include "tfg/tfg_fully_connected_per_channel_s8.h"

#include "tfg_dsp.h"

TFG_COLD void tfg_fully_connected_per_channel_s8(const tfg_fully_connected_per_channel_s8_t *p, const int8_t *input,
                                                 int8_t *output)
{
    for (int32_t batch = 0; batch < p->batches; batch++) {
        const tfg_dense_t dense = {
            p->filter, input,      p->in_len >> 2, p->in_len & 3,         p->bias,
            output,    p->out_len, p->multiplier,  2 * p->zero_point + 1, p->shift,
        };
        tfg_dense_per_channel(&dense);
        if (p->max - p->min != 255) {
            tfg_limit(output, p->out_len, p->min, p->max);
        }
        input += p->in_len;
        output += p->out_len;
    }
}
