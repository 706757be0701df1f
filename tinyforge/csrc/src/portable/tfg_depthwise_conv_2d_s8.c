#include "tfg/tfg_depthwise_conv_2d_s8.h"

#include "../tfg_internal.h"

static int32_t accumulate(const tfg_depthwise_conv_2d_s8_t *p, const int8_t *input, int32_t out_y, int32_t out_x,
                          int32_t in, int32_t out)
{
    const int32_t top = out_y * p->stride_h - p->pad_h;
    const int32_t left = out_x * p->stride_w - p->pad_w;
    const int8_t *filter = p->filter + out;
    int32_t acc = 0;
    for (int32_t ky = 0; ky < p->kernel_h; ky++) {
        const int32_t y = top + ky * p->dilation_h;
        for (int32_t kx = 0; kx < p->kernel_w; kx++) {
            const int32_t x = left + kx * p->dilation_w;
            const int32_t inside = y >= 0 && y < p->in_h && x >= 0 && x < p->in_w;
            acc += *filter * (inside ? input[(y * p->in_w + x) * p->in_ch + in] : p->pad_value);
            filter += p->out_ch;
        }
    }
    return acc;
}

void tfg_depthwise_conv_2d_s8(const tfg_depthwise_conv_2d_s8_t *p, const int8_t *input, int8_t *output)
{
    for (int32_t batch = 0; batch < p->batches; batch++) {
        for (int32_t out_y = 0; out_y < p->out_h; out_y++) {
            for (int32_t out_x = 0; out_x < p->out_w; out_x++) {
                int32_t out = 0;
                for (int32_t in = 0; in < p->in_ch; in++) {
                    for (int32_t copy = 0; copy < p->depth_multiplier; copy++) {
                        const tfg_folded_t folded = tfg_folded(p->bias, p->rare, out);
                        int32_t acc = folded.bias + accumulate(p, input, out_y, out_x, in, out);
                        acc = tfg_requantize_shift(acc, p->multiplier[out], folded.shift);
                        *output++ = tfg_clamp_s8(tfg_add_wrap(acc, p->zero_point), p->min, p->max);
                        out++;
                    }
                }
            }
        }
        input += p->in_h * p->in_w * p->in_ch;
    }
}
