#include "tfg/tfg_conv_1d_s8.h"

#define TFG_CONV_1D tfg_conv_1d_s8_t
#include "tfg_conv_1d.h"

void tfg_conv_1d_s8(const tfg_conv_1d_s8_t *p, const int8_t *input, int8_t *output, int16_t *scratch)
{
    (void)scratch; /* for the fast form */
    const int32_t taps = p->kernel * p->in_ch;
    for (int32_t batch = 0; batch < p->batches; batch++) {
        for (int32_t step = 0; step < p->out_len; step++) {
            const int32_t start = (step * p->stride - p->pad) * p->in_ch;
            for (int32_t out = 0; out < p->out_ch; out++) {
                const int8_t *filter = tfg_paired_row(p->filter, out, p->groups);
                const tfg_folded_t folded = tfg_folded(p->bias, p->rare, out);
                int32_t acc = folded.bias + tfg_conv_1d_sum(p, input, start, filter, taps);
                acc = tfg_requantize_shift(acc, p->multiplier[out], folded.shift);
                *output++ = tfg_clamp_s8(tfg_add_wrap(acc, p->zero_point), p->min, p->max);
            }
        }
        input += p->in_len * p->in_ch;
    }
}
