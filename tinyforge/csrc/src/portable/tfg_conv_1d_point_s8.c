#include "tfg/tfg_conv_1d_point_s8.h"

#include "../tfg_internal.h"

static int32_t rescaled(int32_t acc, const int32_t *channel, int32_t zero_point)
{
    const int32_t multiplier = channel[2] & INT32_MAX;
    if (channel[2] < 0) {
        const int32_t product = (int32_t)(((int64_t)acc * multiplier + ((int64_t)1 << 31)) >> 32);
        return tfg_add_wrap(tfg_divide_by_pot(product, channel[3] + 1), zero_point);
    }
    return ((int32_t)((int64_t)acc * multiplier >> 32) + channel[3]) >> 10;
}

void tfg_conv_1d_point_s8(const tfg_conv_1d_point_s8_t *p, const int8_t *input, int8_t *output)
{
    for (int32_t place = 0; place < p->places; place++) {
        const int32_t *channel = p->channels;
        for (int32_t out = 0; out < p->out_ch; out++) {
            const int32_t weight = (channel[0] & 0xFFFF) - (channel[0] & 0x8000 ? 0x10000 : 0);
            const int32_t acc = channel[1] + input[place] * weight;
            *output++ = tfg_clamp_s8(rescaled(acc, channel, p->zero_point), p->min, p->max);
            channel += 4;
        }
    }
}
