/* Sums of a convolution over two dimensions, for the kernel whose parameters are a TFG_CONV_2D. */
#ifndef TFG_CONV_2D_H
#define TFG_CONV_2D_H

#include "../tfg_internal.h"

/* The window of one place, and one channel */
static inline int32_t tfg_conv_2d_sum(const TFG_CONV_2D *p, const int8_t *input, int32_t out_y, int32_t out_x,
                                      int32_t out)
{
    const int32_t top = out_y * p->stride_h - p->pad_h;
    const int32_t left = out_x * p->stride_w - p->pad_w;
    const int8_t *filter = tfg_paired_row(p->filter, out, p->groups);
    int32_t acc = 0;
    int32_t tap = 0; /* number of the weight in the window */
    for (int32_t ky = 0; ky < p->kernel_h; ky++) {
        const int32_t y = top + ky * p->dilation_h;
        for (int32_t kx = 0; kx < p->kernel_w; kx++) {
            const int32_t x = left + kx * p->dilation_w;
            if (y < 0 || y >= p->in_h || x < 0 || x >= p->in_w) {
                acc += p->pad_value * tfg_sum_paired(filter, tap, tap + p->in_ch);
            } else {
                const int8_t *pixel = input + (y * p->in_w + x) * p->in_ch;
                for (int32_t in = 0; in < p->in_ch; in++) {
                    acc += pixel[in] * filter[tfg_paired(tap + in)];
                }
            }
            tap += p->in_ch;
        }
    }
    return acc;
}

#endif /* TFG_CONV_2D_H */
