#include "tfg/tfg_conv_1d_pool_s8.h"

#define TFG_CONV_1D tfg_conv_1d_pool_s8_t
#include "tfg_conv_1d.h"

void tfg_conv_1d_pool_s8(const tfg_conv_1d_pool_s8_t *p, const int8_t *input, int8_t *output, int16_t *scratch)
{
    (void)scratch; /* for the fast form */
    const int32_t taps = p->kernel * p->in_ch;
    for (int32_t batch = 0; batch < p->batches; batch++) {
        for (int32_t place = 0; place < p->places; place += p->pool) {
            const int32_t end = tfg_min(place + p->pool, p->places);
            for (int32_t out = 0; out < p->out_ch; out++) {
                const int8_t *filter = tfg_paired_row(p->filter, out, p->groups);
                int32_t most = INT32_MIN;
                for (int32_t step = place; step < end; step++) {
                    const int32_t start = (step * p->stride - p->pad) * p->in_ch;
                    most = tfg_max(most, tfg_conv_1d_sum(p, input, start, filter, taps));
                }
                most = tfg_requantize(most + (p->bias[out] >> 8), p->multiplier[out], -1 - (p->bias[out] & 255));
                *output++ = tfg_clamp_s8(most + p->zero_point, p->min, p->max);
            }
        }
        input += p->in_len * p->in_ch;
    }
}
