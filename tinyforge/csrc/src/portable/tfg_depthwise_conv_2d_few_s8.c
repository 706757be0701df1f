#include "tfg/tfg_depthwise_conv_2d_few_s8.h"

#include "../tfg_internal.h"

static int32_t accumulate(const tfg_depthwise_conv_2d_few_s8_t *p, const int8_t *input, int32_t out_y, int32_t out_x,
                          int32_t channel)
{
    const int8_t *filter = p->filter + channel;
    int32_t acc = 0;
    for (int32_t y = out_y * p->stride_h - p->pad_h, ky = 0; ky < p->kernel_h; y++, ky++) {
        for (int32_t x = out_x * p->stride_w - p->pad_w, kx = 0; kx < p->kernel_w; x++, kx++) {
            const int32_t inside = y >= 0 && y < p->in_h && x >= 0 && x < p->in_w;
            acc += *filter * (inside ? input[(y * p->in_w + x) * p->out_ch + channel] : p->pad_value);
            filter += 4;
        }
    }
    return acc;
}

void tfg_depthwise_conv_2d_few_s8(const tfg_depthwise_conv_2d_few_s8_t *p, const int8_t *input, int8_t *output,
                                  int16_t *scratch)
{
    (void)scratch; /* for the fast form */
    for (int32_t batch = 0; batch < p->batches; batch++) {
        for (int32_t out_y = 0; out_y < p->out_h; out_y++) {
            for (int32_t out_x = 0; out_x < p->out_w; out_x++) {
                for (int32_t channel = 0; channel < p->out_ch; channel++) {
                    const tfg_folded_t folded = tfg_folded(p->bias, p->rare, channel);
                    int32_t acc = folded.bias + accumulate(p, input, out_y, out_x, channel);
                    acc = tfg_requantize_shift(acc, p->multiplier[channel], folded.shift);
                    *output++ = tfg_clamp_s8(tfg_add_wrap(acc, p->zero_point), p->min, p->max);
                }
            }
        }
        input += p->in_h * p->in_w * p->out_ch;
    }
}
