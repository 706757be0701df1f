#include "tfg/tfg_conv_1d_pool_s8.h"

#include "../tfg_internal.h"

/* Window of `taps` inputs from byte `start` of the input on; one row of the filter */
static int32_t accumulate(const tfg_conv_1d_pool_s8_t *p, const int8_t *input, int32_t start, const int8_t *filter,
                          int32_t taps)
{
    const int32_t first = tfg_min(tfg_max(0, -start), taps);
    const int32_t end = tfg_max(first, tfg_min(taps, p->in_len * p->in_ch - start));
    if (first == 0 && end == taps) {
        return tfg_dot_paired(input + start, filter, taps);
    }
    int32_t acc = p->pad_value * (tfg_sum_paired(filter, 0, first) + tfg_sum_paired(filter, end, taps));
    for (int32_t tap = first; tap < end; tap++) {
        acc += input[start + tap] * filter[tfg_paired(tap)];
    }
    return acc;
}

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
                    most = tfg_max(most, accumulate(p, input, start, filter, taps));
                }
                most = tfg_requantize(most + (p->bias[out] >> 8), p->multiplier[out], -1 - (p->bias[out] & 255));
                *output++ = tfg_clamp_s8(most + p->zero_point, p->min, p->max);
            }
        }
        input += p->in_len * p->in_ch;
    }
}
