#include "tfg_dsp.h"

/* One channel of two places */
static inline void finish(const tfg_channels_t *c, int32_t channel, int32_t one, int32_t two, int8_t *first,
                          int8_t *second)
{
    const int32_t multiplier = c->multiplier[channel];
    const int32_t exponent = c->exponent[channel];
    if (exponent < 0) {
        const int32_t right = -exponent;
        const int32_t rounding = (int32_t)((uint32_t)(2 * c->zero_point + 1) << (right - 1));
        one = tfg_smmulr((int32_t)((uint32_t)one << 1), multiplier);
        two = tfg_smmulr((int32_t)((uint32_t)two << 1), multiplier);
        one = (one + (one >> 31) + rounding) >> right;
        two = (two + (two >> 31) + rounding) >> right;
    } else {
        one = tfg_add_wrap(tfg_requantize_marked(one, multiplier, exponent), c->zero_point);
        two = tfg_add_wrap(tfg_requantize_marked(two, multiplier, exponent), c->zero_point);
    }
    if (c->max - c->min == 255) {
        first[channel] = (int8_t)tfg_ssat8(one);
        second[channel] = (int8_t)tfg_ssat8(two);
    } else {
        first[channel] = tfg_clamp_s8(one, c->min, c->max);
        second[channel] = tfg_clamp_s8(two, c->min, c->max);
    }
}

int32_t tfg_channels_are_fast(const int8_t *exponent, int32_t out_ch, int32_t min, int32_t max)
{
    int32_t all = -1;
    for (int32_t channel = 0; channel < out_ch; channel++) {
        all &= exponent[channel];
    }
    return all < 0 && max - min == 255;
}

void tfg_channels(const tfg_channels_t *channels, const int16_t *places, int8_t *first, int8_t *second)
{
    const tfg_channels_t copy = *channels; /* which the bytes written cannot alias */
    const tfg_channels_t *c = &copy;
    const int8_t *filter = c->filter;
    const int32_t *bias = c->bias;
    int32_t acc[4];
    int32_t channel = 0;
    if (c->fast && c->out_ch > 1) {
        tfg_tiles_t tiles = {
            places, filter, c->groups, bias, c->multiplier, c->exponent, first, second, 2 * c->zero_point + 1,
            c->out_ch / 2,
        };
        tfg_tiles_2x2(&tiles);
        channel = c->out_ch / 2 * 2;
        filter = tiles.filter;
        bias = tiles.bias;
    }
    for (; channel + 1 < c->out_ch; channel += 2) {
        acc[0] = *bias++;
        acc[1] = *bias++;
        tfg_dot_2x2(places, filter, c->groups, acc);
        filter += 8 * c->groups;
        finish(c, channel, acc[0], acc[2], first, second);
        finish(c, channel + 1, acc[1], acc[3], first, second);
    }
    if (channel < c->out_ch) {
        acc[0] = *bias;
        acc[1] = 0;
        tfg_dot_2x2(places, filter, c->groups, acc);
        finish(c, channel, acc[0], acc[2], first, second);
    }
}
