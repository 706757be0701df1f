#include "tfg/tfg_conv_1d_s8.h"

#include "tfg_dsp.h"

TFG_COLD void tfg_conv_1d_s8(const tfg_conv_1d_s8_t *p, const int8_t *input, int8_t *output, int16_t *scratch)
{
    const tfg_channels_t channels = {p->filter, p->bias,       p->multiplier, p->rare, p->out_ch,
                                     p->groups, p->zero_point, p->min,        p->max};
    const int32_t stride = p->stride * p->in_ch;
    const int32_t bytes = p->in_len * p->in_ch;
    for (int32_t batch = 0; batch < p->batches; batch++) {
        int32_t start = -p->pad * p->in_ch;
        for (int32_t step = 0; step < p->out_len; step += 4) {
            const int32_t count = tfg_min(p->out_len - step, 4);
            int32_t slot = 0;
            if (count == 4 && start >= 0 && start + 3 * stride + p->groups * 4 <= bytes) {
                tfg_expand_four(scratch, input + start, stride, p->groups);
                slot = 4;
            }
            for (; slot < tfg_slots_of(count); slot++) {
                tfg_take_window(input, bytes, start + tfg_place_of(slot, count) * stride, p->groups, p->pad_value,
                                scratch + slot * 2);
            }
            tfg_channels(&channels, scratch, count, output);
            start += 4 * stride;
            output += p->out_ch * count;
        }
        input += bytes;
    }
}
