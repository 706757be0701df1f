#include "tfg/tfg_conv_1d_packed_s8.h"

#include "../tfg_internal.h"
#include "../tfg_packed.h"

void tfg_conv_1d_packed_s8(const tfg_conv_1d_packed_s8_t *p, const int8_t *input, int8_t *output, int16_t *scratch)
{
    int8_t *const edge = (int8_t *)scratch; /* a window that reaches beyond the input */
    const int32_t taps = p->kernel * p->in_ch;
    const int32_t in_bytes = p->in_len * p->in_ch;
    for (int32_t batch = 0; batch < p->batches; batch++) {
        for (int32_t step = 0; step < p->out_len; step++) {
            const int32_t start = (step * p->stride - p->pad) * p->in_ch;
            const int8_t *window = edge;
            if (start >= 0 && start + taps <= in_bytes) {
                window = input + start;
            } else {
                for (int32_t tap = 0; tap < taps; tap++) {
                    const int32_t at = start + tap;
                    edge[tap] = (int8_t)(at >= 0 && at < in_bytes ? input[at] : p->pad_value);
                }
            }
            const uint8_t *row = p->rows;
            for (int32_t out = 0; out < p->out_ch; out++) {
                int32_t acc = p->bias[out] + tfg_packed_dot(p->form, &row, p->entries[out], p->book, window);
                acc = tfg_requantize_shift(acc, p->multiplier[out], p->shift[out]);
                *output++ = tfg_clamp_s8(tfg_add_wrap(acc, p->zero_point), p->min, p->max);
            }
        }
        input += in_bytes;
    }
}
