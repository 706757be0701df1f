#include "tfg/tfg_conv_2d_one_s8.h"

#include "../tfg_internal.h"

/* The window whose first row and column are `top` and `left`; what is outside adds nothing */
static int32_t accumulate(const tfg_conv_2d_one_s8_t *p, const int8_t *input, int32_t top, int32_t left)
{
    const int32_t apart = p->dilation_w == 1 ? p->in_ch : (p->in_ch + 3) & ~3; /* from column to column of the filter */
    const int32_t row = (p->kernel_w * apart + 3) & ~3;
    int32_t acc = p->bias;
    for (int32_t ky = 0; ky < p->kernel_h; ky++) {
        const int32_t y = top + ky * p->dilation_h;
        for (int32_t kx = 0; kx < p->kernel_w; kx++) {
            const int32_t x = left + kx * p->dilation_w;
            const int8_t *filter = p->filter + ky * row + kx * apart;
            if (y >= 0 && y < p->in_h && x >= 0 && x < p->in_w) {
                const int8_t *pixel = input + (y * p->in_w + x) * p->in_ch;
                for (int32_t in = 0; in < p->in_ch; in++) {
                    acc += filter[in] * (pixel[in] - p->pad_value);
                }
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
