#include "tfg/tfg_conv_1d_s8.h"

#include "../tfg_internal.h"

/* Window of `taps` inputs from `start` on, of which first..end lie inside; one row of the filter */
static int32_t accumulate(const tfg_conv_1d_s8_t *p, const int8_t *window, const int8_t *filter, int32_t first,
                          int32_t end, int32_t taps)
{
    if (first == 0 && end == taps) {
        return tfg_dot_paired(window, filter, taps);
    }
    int32_t acc = p->pad_value * (tfg_sum_paired(filter, 0, first) + tfg_sum_paired(filter, end, taps));
    for (int32_t tap = first; tap < end; tap++) {
        acc += window[tap] * filter[tfg_paired(tap)];
    }
    return acc;
}

void tfg_conv_1d_s8(const tfg_conv_1d_s8_t *p, const int8_t *input, int8_t *output, int16_t *scratch)
{
    (void)scratch; /* for the fast form */
    const int32_t taps = p->kernel * p->in_ch;
    const int32_t in_bytes = p->in_len * p->in_ch;
    for (int32_t batch = 0; batch < p->batches; batch++) {
        for (int32_t step = 0; step < p->out_len; step++) {
            const int32_t start = (step * p->stride - p->pad) * p->in_ch;
            const int32_t first = tfg_min(tfg_max(0, -start), taps);
            const int32_t end = tfg_max(first, tfg_min(taps, in_bytes - start));
            for (int32_t out = 0; out < p->out_ch; out++) {
                const int8_t *filter = tfg_paired_row(p->filter, out, p->groups);
                const tfg_folded_t folded = tfg_folded(p->bias, p->rare, out);
                int32_t acc = folded.bias + accumulate(p, input + start, filter, first, end, taps);
                acc = tfg_requantize_shift(acc, p->multiplier[out], folded.shift);
                *output++ = tfg_clamp_s8(tfg_add_wrap(acc, p->zero_point), p->min, p->max);
            }
        }
        input += in_bytes;
    }
}
