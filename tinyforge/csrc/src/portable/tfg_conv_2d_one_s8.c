#include "tfg/tfg_conv_2d_one_s8.h"

#include "../tfg_internal.h"

/* The window whose first row and column are `top` and `left`; what is outside adds nothing */
static int32_t accumulate(const tfg_conv_2d_one_s8_t *p, const int8_t *input, int32_t top, int32_t left)
{
    const int32_t row = (p->kernel_w * p->in_ch + 3) & ~3;
    const int32_t first = tfg_max(-left, 0);
    const int32_t count = (tfg_min(p->in_w - left, p->kernel_w) - first) * p->in_ch;
    int32_t acc = p->bias;
    for (int32_t ky = 0; ky < p->kernel_h; ky++) {
        const int32_t y = top + ky * p->dilation_h;
        if (y >= 0 && y < p->in_h) {
            const int8_t *x = input + (y * p->in_w + left + first) * p->in_ch;
            const int8_t *filter = p->filter + ky * row + first * p->in_ch;
            for (int32_t i = 0; i < count; i++) {
                acc += filter[i] * (x[i] - p->pad_value);
            }
        }
    }
    return acc;
}

void tfg_conv_2d_one_s8(const tfg_conv_2d_one_s8_t *p, const int8_t *input, int8_t *output)
{
    for (int32_t batch = 0; batch < p->batches; batch++) {
        for (int32_t out_y = 0; out_y < p->out_h; out_y++) {
            for (int32_t out_x = 0; out_x < p->out_w; out_x++) {
                int32_t acc = accumulate(p, input, out_y * p->stride_h - p->pad_h, out_x * p->stride_w - p->pad_w);
                acc = tfg_requantize_shift(acc, p->multiplier, p->shift);
                *output++ = tfg_clamp_s8(tfg_add_wrap(acc, p->zero_point), p->min, p->max);
            }
        }
        input += p->in_h * p->in_w * p->in_ch;
    }
}
