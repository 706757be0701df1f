/*
 * A depthwise convolution, for the kernel whose parameters are a TFG_DEPTHWISE_CONV_2D. What such a
 * kernel fixes, and so does not hold in its parameters `p`, it defines before it includes this.
 */
#ifndef TFG_DEPTHWISE_CONV_2D_H
#define TFG_DEPTHWISE_CONV_2D_H

#include "../tfg_internal.h"

#ifndef TFG_KERNEL_H
#define TFG_KERNEL_H p->kernel_h
#define TFG_KERNEL_W p->kernel_w
#endif
#ifndef TFG_STRIDE_H
#define TFG_STRIDE_H p->stride_h
#define TFG_STRIDE_W p->stride_w
#endif
#ifndef TFG_DILATION_H
#define TFG_DILATION_H p->dilation_h
#define TFG_DILATION_W p->dilation_w
#endif
#ifndef TFG_DEPTH_MULTIPLIER
#define TFG_DEPTH_MULTIPLIER p->depth_multiplier
#endif
#ifndef TFG_LANES
#define TFG_LANES p->out_ch /* weights of a place of the filter */
#endif

/* The window of one place, and one channel */
static inline int32_t tfg_depthwise_conv_2d_sum(const TFG_DEPTHWISE_CONV_2D *p, const int8_t *input, int32_t out_y,
                                                int32_t out_x, int32_t channel)
{
    const int32_t in_ch = p->out_ch / TFG_DEPTH_MULTIPLIER;
    const int8_t *filter = p->filter + channel;
    int32_t acc = 0;
    input += channel / TFG_DEPTH_MULTIPLIER;
    for (int32_t ky = 0; ky < TFG_KERNEL_H; ky++) {
        const int32_t y = out_y * TFG_STRIDE_H - p->pad_h + ky * TFG_DILATION_H;
        for (int32_t kx = 0; kx < TFG_KERNEL_W; kx++) {
            const int32_t x = out_x * TFG_STRIDE_W - p->pad_w + kx * TFG_DILATION_W;
            const int32_t inside = y >= 0 && y < p->in_h && x >= 0 && x < p->in_w;
            acc += *filter * (inside ? input[(y * p->in_w + x) * in_ch] : p->pad_value);
            filter += TFG_LANES;
        }
    }
    return acc;
}

static inline void tfg_depthwise_conv_2d(const TFG_DEPTHWISE_CONV_2D *p, const int8_t *input, int8_t *output)
{
    for (int32_t batch = 0; batch < p->batches; batch++) {
        for (int32_t out_y = 0; out_y < p->out_h; out_y++) {
            for (int32_t out_x = 0; out_x < p->out_w; out_x++) {
                for (int32_t channel = 0; channel < p->out_ch; channel++) {
                    const tfg_folded_t folded = tfg_folded(p->bias, p->rare, channel);
                    int32_t acc = folded.bias + tfg_depthwise_conv_2d_sum(p, input, out_y, out_x, channel);
                    acc = tfg_requantize_shift(acc, p->multiplier[channel], folded.shift);
                    *output++ = tfg_clamp_s8(tfg_add_wrap(acc, p->zero_point), p->min, p->max);
                }
            }
        }
        input += p->in_h * p->in_w * (p->out_ch / TFG_DEPTH_MULTIPLIER);
    }
}

#endif /* TFG_DEPTHWISE_CONV_2D_H */
