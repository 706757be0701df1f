#include "tfg/tfg_conv_2d_gather_s8.h"

#include "../tfg_internal.h"

static inline int32_t pairs_of(const tfg_conv_2d_gather_s8_t *p)
{
    return 2 * p->words + p->twos;
}

/* Number `place` of the weights of a channel */
static int32_t weight_of(const int32_t *channel, int32_t place)
{
    const uint32_t pair = (uint32_t)channel[place < 2 ? 0 : place / 2 + 1];
    const uint32_t half = place % 2 ? pair >> 16 : pair & 0xFFFFU;
    return (int32_t)half - (half & 0x8000U ? 0x10000 : 0);
}

/* Bytes from the window's first one to the value that meets a weight */
static int32_t offset_of(const tfg_conv_2d_gather_s8_t *p, int32_t place)
{
    if (place < 4 * p->words) {
        return p->offsets[place / 4] + place % 2 * 2 + place / 2 % 2;
    }
    return p->offsets[p->words + place - 4 * p->words];
}

static int32_t accumulate(const tfg_conv_2d_gather_s8_t *p, const int8_t *input, const int32_t *channel, int32_t top,
                          int32_t left)
{
    int32_t acc = channel[1];
    for (int32_t place = 0; place < 2 * pairs_of(p); place++) {
        const int32_t weight = weight_of(channel, place);
        const int32_t offset = offset_of(p, place);
        const int32_t y = top + offset / p->pitch;
        const int32_t x = left * p->in_ch + offset % p->pitch;
        if (weight != 0) { /* others may lie anywhere */
            const int32_t inside = y >= 0 && y < p->in_h && x >= 0 && x < p->in_w * p->in_ch;
            acc += weight * (inside ? input[y * p->in_w * p->in_ch + x] : p->pad_value);
        }
    }
    return acc;
}

static int32_t rescaled(const tfg_conv_2d_gather_s8_t *p, int32_t acc, const int32_t *channel)
{
    const int32_t multiplier = channel[pairs_of(p) + 1] & INT32_MAX;
    const int32_t final = channel[pairs_of(p) + 2];
    if (channel[pairs_of(p) + 1] < 0) {
        const int32_t product = (int32_t)(((int64_t)acc * multiplier + ((int64_t)1 << 31)) >> 32);
        return tfg_add_wrap(tfg_divide_by_pot(product, final + 1), p->zero_point);
    }
    return ((int32_t)((int64_t)acc * multiplier >> 32) + final) >> 10;
}

void tfg_conv_2d_gather_s8(const tfg_conv_2d_gather_s8_t *p, const int8_t *input, int8_t *output, int16_t *scratch)
{
    (void)scratch; /* for the fast form */
    for (int32_t batch = 0; batch < p->batches; batch++) {
        for (int32_t out_y = 0; out_y < p->out_h; out_y++) {
            for (int32_t out_x = 0; out_x < p->out_w; out_x++) {
                const int32_t *channel = p->channels;
                for (int32_t out = 0; out < p->out_ch; out++) {
                    const int32_t acc =
                        accumulate(p, input, channel, out_y * p->stride_h - p->pad_h, out_x * p->stride_w - p->pad_w);
                    *output++ = tfg_clamp_s8(rescaled(p, acc, channel), p->min, p->max);
                    channel += pairs_of(p) + 3;
                }
            }
        }
        input += p->in_h * p->in_w * p->in_ch;
    }
}
