#include "tfg/tfg_depthwise_conv_2d_rare_s8.h"

#include <string.h>

#include "../tfg_internal.h"

/* The products of one window and channel, whose inputs begin at `input`; what is outside adds nothing */
static int32_t products(const tfg_depthwise_conv_2d_rare_s8_t *p, const int8_t *input, const int8_t *filter,
                        int32_t top, int32_t left)
{
    const int32_t in_ch = p->out_ch / p->depth_multiplier;
    int32_t acc = 0;
    for (int32_t ky = 0; ky < p->kernel_h; ky++) {
        const int32_t y = top + ky * p->dilation_h;
        if (y >= 0 && y < p->in_h) {
            const int8_t *row = input + y * p->in_w * in_ch;
            int32_t x = left;
            for (int32_t kx = 0; kx < p->kernel_w; kx++) {
                if (x >= 0 && x < p->in_w) {
                    acc += filter[kx] * (row[x * in_ch] - p->pad_value);
                }
                x += p->dilation_w;
            }
        }
        filter += p->kernel_w;
    }
    return acc;
}

void tfg_depthwise_conv_2d_rare_s8(const tfg_depthwise_conv_2d_rare_s8_t *p, const int8_t *input, const int8_t *others,
                                   int8_t *output)
{
    const int32_t in_ch = p->out_ch / p->depth_multiplier;
    const int32_t places = p->out_h * p->out_w;
    if (output != others) {
        memcpy(output, others, (size_t)(p->batches * places * p->out_ch));
    }
    for (int32_t batch = 0; batch < p->batches; batch++) {
        for (int32_t number = 0; number < p->channels; number++) {
            const int32_t *rare = p->rare + 4 * number;
            const int8_t *from = input + rare[0] / p->depth_multiplier;
            const int8_t *filter = p->filter + number * p->kernel_h * p->kernel_w;
            int8_t *to = output + rare[0];
            for (int32_t place = 0; place < places; place++) {
                const int32_t top = place / p->out_w * p->stride_h - p->pad_h;
                const int32_t left = place % p->out_w * p->stride_w - p->pad_w;
                int32_t acc = rare[1] + products(p, from, filter, top, left);
                acc = tfg_requantize_shift(acc, rare[2], rare[3]);
                *to = tfg_clamp_s8(tfg_add_wrap(acc, p->zero_point), p->min, p->max);
                to += p->out_ch;
            }
        }
        input += p->in_h * p->in_w * in_ch;
        output += places * p->out_ch;
    }
}
