#include "tfg/tfg_conv_1d_s8.h"

#include "../tfg_internal.h"

void tfg_conv_1d_s8(const tfg_conv_1d_s8_t *p, const int8_t *input, int8_t *output)
{
    const int32_t window = p->kernel * p->in_ch;
    const int32_t in_bytes = p->in_len * p->in_ch;
    for (int32_t batch = 0; batch < p->batches; batch++) {
        for (int32_t step = 0; step < p->out_len; step++) {
            const int32_t start = (step * p->stride - p->pad) * p->in_ch;
            const int32_t first = tfg_max(0, -start);
            const int32_t end = tfg_max(first, tfg_min(window, in_bytes - start));
            for (int32_t out = 0; out < p->out_ch; out++) {
                const int8_t *filter = p->filter + out * window;
                int32_t acc = p->bias[out];
                for (int32_t tap = 0; tap < first; tap++) {
                    acc += p->pad_value * filter[tap];
                }
                for (int32_t tap = first; tap < end; tap++) {
                    acc += input[start + tap] * filter[tap];
                }
                for (int32_t tap = end; tap < window; tap++) {
                    acc += p->pad_value * filter[tap];
                }
                acc = tfg_requantize(acc, p->multiplier[out], p->exponent[out]);
                *output++ = tfg_clamp_s8(tfg_add_wrap(acc, p->zero_point), p->min, p->max);
            }
        }
        input += in_bytes;
    }
}
