/* Convolutions from one channel to one, for the kernel whose parameters are a TFG_SINGLE. */
#ifndef TFG_CONV_2D_SINGLE_H
#define TFG_CONV_2D_SINGLE_H

#include "../tfg_internal.h"

/* Half a word, 0 the lower one */
static int32_t half_of(int32_t word, int32_t number)
{
    const uint32_t half = (uint32_t)word >> (16 * number) & 0xFFFFU;
    return (int32_t)half - (half & 0x8000U ? 0x10000 : 0);
}

static int32_t tap_of(const TFG_SINGLE *p, int32_t ky, int32_t kx)
{
    const int32_t fours = p->fours / p->kernel_h;
    if (kx / 4 < fours) {
        return half_of(p->taps[3 * (fours * ky + kx / 4) + 1 + kx % 2], kx / 2 % 2);
    }
    return half_of(p->taps[3 * p->fours + p->singles / p->kernel_h * ky + kx - 4 * fours], 0);
}

static int32_t accumulate(const TFG_SINGLE *p, const int8_t *input, int32_t top, int32_t left)
{
    int32_t acc = p->bias;
    for (int32_t ky = 0; ky < p->kernel_h; ky++) {
        const int32_t y = top + ky * p->dilation_h;
        for (int32_t kx = 0; kx < p->kernel_w; kx++) {
            const int32_t x = left + kx * p->dilation_w;
            const int32_t inside = y >= 0 && y < p->in_h && x >= 0 && x < p->in_w;
            acc += tap_of(p, ky, kx) * (inside ? input[y * p->in_w + x] : p->pad_value);
        }
    }
    return acc;
}

static int32_t rescaled(const TFG_SINGLE *p, int32_t acc)
{
    const int32_t multiplier = p->multiplier & INT32_MAX;
    if (p->multiplier < 0) {
        const int32_t product = (int32_t)(((int64_t)acc * multiplier + ((int64_t)1 << 31)) >> 32);
        return tfg_add_wrap(tfg_divide_by_pot(product, p->shift + 1), p->zero_point);
    }
    return ((int32_t)((int64_t)acc * multiplier >> 32) + p->addend) >> 10;
}

static inline void single_places(const TFG_SINGLE *p, const int8_t *input, int8_t *output)
{
    for (int32_t batch = 0; batch < p->batches; batch++) {
        for (int32_t out_y = 0; out_y < p->out_h; out_y++) {
            for (int32_t out_x = 0; out_x < p->out_w; out_x++) {
                const int32_t acc =
                    accumulate(p, input, out_y * p->stride_h - p->pad_h, out_x * p->stride_w - p->pad_w);
                *output++ = tfg_clamp_s8(rescaled(p, acc), p->min, p->max);
            }
        }
        input += p->in_h * p->in_w;
    }
}

#endif /* TFG_CONV_2D_SINGLE_H */
