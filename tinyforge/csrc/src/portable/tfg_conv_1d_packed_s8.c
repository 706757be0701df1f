#include "tfg/tfg_conv_1d_packed_s8.h"

#include "../tfg_internal.h"
#include "../tfg_packed.h"

void tfg_conv_1d_packed_s8(const tfg_conv_1d_packed_s8_t *p, const int8_t *input, int8_t *output, int16_t *scratch)
{
    int8_t *const edge = (int8_t *)scratch; /* windows that reach beyond the input, one for each of the four places */
    const int32_t taps = p->kernel * p->in_ch;
    const int32_t in_bytes = p->in_len * p->in_ch;
    for (int32_t batch = 0; batch < p->batches; batch++) {
        for (int32_t place = 0; place < p->places; place += p->pool) {
            const int32_t count = tfg_min(p->pool, p->places - place);
            const int8_t *window[4];
            for (int32_t slot = 0; slot < count; slot++) {
                const int32_t start = ((place + slot) * p->stride - p->pad) * p->in_ch;
                if (start >= 0 && start + taps <= in_bytes) {
                    window[slot] = input + start;
                    continue;
                }
                int8_t *const copy = edge + slot * taps;
                for (int32_t tap = 0; tap < taps; tap++) {
                    const int32_t at = start + tap;
                    copy[tap] = (int8_t)(at >= 0 && at < in_bytes ? input[at] : p->pad_value);
                }
                window[slot] = copy;
            }
            const uint8_t *row = p->rows;
            for (int32_t out = 0; out < p->out_ch; out++) {
                const uint8_t *end = row;
                int32_t most = INT32_MIN;
                for (int32_t slot = 0; slot < count; slot++) {
                    end = row;
                    most = tfg_max(most, tfg_packed_dot(p->form, &end, p->entries[out], p->book, window[slot]));
                }
                row = end;
                most = tfg_requantize(most + p->bias[out], p->multiplier[out], -1 - p->shift[out]);
                *output++ = tfg_clamp_s8(most + p->zero_point, p->min, p->max);
            }
        }
        input += in_bytes;
    }
}
