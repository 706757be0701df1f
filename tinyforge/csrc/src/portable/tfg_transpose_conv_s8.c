#include "tfg/tfg_transpose_conv_s8.h"

#include "../tfg_internal.h"

/* the output gathers: input pixel y reaches output row y * stride - pad + ky */
static int32_t accumulate(const tfg_transpose_conv_s8_t *p, const int8_t *input, int32_t out_y, int32_t out_x,
                          int32_t out)
{
    const int8_t *filter = p->filter + out * p->kernel_h * p->kernel_w * p->in_ch;
    int32_t acc = p->bias[out];
    for (int32_t ky = (out_y + p->pad_h) % p->stride_h; ky < p->kernel_h; ky += p->stride_h) {
        const int32_t y = (out_y + p->pad_h - ky) / p->stride_h;
        if (ky > out_y + p->pad_h || y >= p->in_h) {
            continue;
        }
        for (int32_t kx = (out_x + p->pad_w) % p->stride_w; kx < p->kernel_w; kx += p->stride_w) {
            const int32_t x = (out_x + p->pad_w - kx) / p->stride_w;
            if (kx > out_x + p->pad_w || x >= p->in_w) {
                continue;
            }
            const int8_t *pixel = input + (y * p->in_w + x) * p->in_ch;
            const int8_t *weights = filter + (ky * p->kernel_w + kx) * p->in_ch;
            for (int32_t in = 0; in < p->in_ch; in++) {
                acc += (pixel[in] + p->in_offset) * weights[in];
            }
        }
    }
    return acc;
}

void tfg_transpose_conv_s8(const tfg_transpose_conv_s8_t *p, const int8_t *input, int8_t *output)
{
    for (int32_t batch = 0; batch < p->batches; batch++) {
        for (int32_t out_y = 0; out_y < p->out_h; out_y++) {
            for (int32_t out_x = 0; out_x < p->out_w; out_x++) {
                for (int32_t out = 0; out < p->out_ch; out++) {
                    int32_t acc = accumulate(p, input, out_y, out_x, out);
                    acc = tfg_requantize(acc, p->multiplier[out], p->exponent[out]);
                    *output++ = tfg_clamp_s8(tfg_add_wrap(acc, p->zero_point), p->min, p->max);
                }
            }
        }
        input += p->in_h * p->in_w * p->in_ch;
    }
}
