/*
 * Convolutions whose windows hold few values, for the kernel whose parameters are a TFG_NARROW. Before it includes this it
 * defines place_of, where the weight of a value of a row stands among those of the row, and offset_of, where the value
 * lies behind the window's first byte of that row.
 */
#ifndef TFG_CONV_2D_NARROW_H
#define TFG_CONV_2D_NARROW_H

#include "../tfg_internal.h"

/* Number `place` of the weights of a channel */
static inline int32_t weight_of(const int32_t *channel, int32_t place)
{
    const uint32_t pair = (uint32_t)channel[place < 2 ? 0 : place / 2 + 1];
    const uint32_t half = place % 2 ? pair >> 16 : pair & 0xFFFFU;
    return (int32_t)half - (half & 0x8000U ? 0x10000 : 0);
}

static inline int32_t accumulate(const TFG_NARROW *p, const int8_t *input, const int32_t *channel, int32_t top,
                                 int32_t left)
{
    const int32_t row = p->kernel_w * p->in_ch;
    int32_t acc = channel[1];
    for (int32_t ky = 0; ky < p->kernel_h; ky++) {
        const int32_t y = top + ky * p->dilation_h;
        for (int32_t i = 0; i < row; i++) {
            const int32_t x = left * p->in_ch + offset_of(p, i);
            const int32_t inside = y >= 0 && y < p->in_h && x >= 0 && x < p->in_w * p->in_ch;
            const int32_t value = inside ? input[y * p->in_w * p->in_ch + x] : p->pad_value;
            acc += value * weight_of(channel, 2 * (p->pairs / p->kernel_h) * ky + place_of(i));
        }
    }
    return acc;
}

static inline int32_t rescaled(const TFG_NARROW *p, int32_t acc, const int32_t *channel)
{
    const int32_t multiplier = channel[p->pairs + 1] & INT32_MAX;
    const int32_t final = channel[p->pairs + 2];
    if (channel[p->pairs + 1] < 0) {
        const int32_t product = (int32_t)(((int64_t)acc * multiplier + ((int64_t)1 << 31)) >> 32);
        return tfg_add_wrap(tfg_divide_by_pot(product, final + 1), p->zero_point);
    }
    return ((int32_t)((int64_t)acc * multiplier >> 32) + final) >> 10;
}

static inline void narrow_places(const TFG_NARROW *p, const int8_t *input, int8_t *output)
{
    for (int32_t batch = 0; batch < p->batches; batch++) {
        for (int32_t out_y = 0; out_y < p->out_h; out_y++) {
            for (int32_t out_x = 0; out_x < p->out_w; out_x++) {
                const int32_t *channel = p->channels;
                for (int32_t out = 0; out < p->out_ch; out++) {
                    const int32_t top = out_y * p->stride_h - p->pad_h;
                    const int32_t left = out_x * p->stride_w - p->pad_w;
                    const int32_t acc = accumulate(p, input, channel, top, left);
                    *output++ = tfg_clamp_s8(rescaled(p, acc, channel), p->min, p->max);
                    channel += p->pairs + 3;
                }
            }
        }
        input += p->in_h * p->in_w * p->in_ch;
    }
}

#endif /* TFG_CONV_2D_NARROW_H */
