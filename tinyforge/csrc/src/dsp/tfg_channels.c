#include "tfg_dsp.h"

int32_t tfg_channels_are_fast(const int8_t *shift, int32_t out_ch, int32_t min, int32_t max)
{
    int32_t any = 0;
    for (int32_t channel = 0; channel < out_ch; channel++) {
        any |= shift[channel];
    }
    return any >= 0 && max - min == 255;
}

static void finish(const tfg_channels_t *c, int32_t channel, int32_t one, int32_t two, int8_t *first, int8_t *second)
{
    const int32_t multiplier = c->multiplier[channel];
    const int32_t shift = c->shift[channel];
    first[channel] = tfg_output(one, multiplier, shift, c->zero_point, c->min, c->max);
    second[channel] = tfg_output(two, multiplier, shift, c->zero_point, c->min, c->max);
}

void tfg_channels(const tfg_channels_t *c, const int16_t *places, int8_t *first, int8_t *second)
{
    int32_t channel = 0;
    if (c->fast && c->out_ch > 1) {
        const tfg_tiles_t tiles = {
            places,    c->groups,     c->bias, c->multiplier, c->shift, first, second, 2 * c->zero_point + 1,
            c->filter, c->out_ch / 2,
        };
        tfg_tiles_2x2(&tiles);
        channel = c->out_ch / 2 * 2;
    }
    for (; channel < c->out_ch; channel += 2) {
        const int32_t both = channel + 1 < c->out_ch;
        int32_t acc[4] = {c->bias[channel], both ? c->bias[channel + 1] : 0, 0, 0};
        tfg_dot_2x2(places, c->filter + channel * 4 * c->groups, c->groups, acc);
        finish(c, channel, acc[0], acc[2], first, second);
        if (both) {
            finish(c, channel + 1, acc[1], acc[3], first, second);
        }
    }
}
