#include "tfg/tfg_conv_1d_pool_s8.h"

#include "tfg_dsp.h"

TFG_COLD void tfg_conv_1d_pool_s8(const tfg_conv_1d_pool_s8_t *p, const int8_t *input, int8_t *output, int16_t *scratch)
{
    tfg_pool_tiles_t tiles = {
        scratch, scratch + p->groups * 16, p->multiplier, p->bias, output, 0, 0, 0, p->out_ch, p->filter,
    };
    tiles.twice = 2 * p->zero_point + 1;
    const int32_t stride = p->stride * p->in_ch;
    const int32_t bytes = p->in_len * p->in_ch;
    for (int32_t batch = 0; batch < p->batches; batch++) {
        int32_t start = -p->pad * p->in_ch;
        for (int32_t left = p->places; left > 0; left -= 4) {
            int32_t slot = 0;
            if (left >= 4 && start >= 0 && start + 3 * stride + p->groups * 4 <= bytes) {
                tfg_expand_four(scratch, input + start, stride, p->groups);
                slot = 4;
            }
            for (; slot < (left > 2 ? 4 : 2); slot++) {
                tfg_take_window(input, bytes, start + tfg_min(slot, left - 1) * stride, p->groups, p->pad_value,
                                scratch + slot * 2);
            }
            tiles.flags = p->pool == 4 ? TFG_POOL_FOUR : left > 2 ? 0 : TFG_TWO_PLACES;
            tiles.step = tiles.flags != 0 ? 0 : p->out_ch;
            tfg_pool_tiles(&tiles);
            tiles.output += p->out_ch + tiles.step;
            start += 4 * stride;
        }
        input += bytes;
    }
    if (p->max - p->min != 255) {
        tfg_limit(output, (int32_t)(tiles.output - output), p->min, p->max);
    }
}
