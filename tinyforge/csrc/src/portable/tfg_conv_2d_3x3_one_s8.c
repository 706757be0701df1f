#include "tfg/tfg_conv_2d_3x3_one_s8.h"

#include "../tfg_internal.h"

static int32_t accumulate(const tfg_conv_2d_3x3_one_s8_t *p, const int8_t *input, int32_t out_y, int32_t out_x)
{
    const int8_t *filter = p->filter;
    int32_t acc = p->bias;
    for (int32_t y = out_y * p->stride - p->pad_h, ky = 0; ky < 3; y++, ky++) {
        for (int32_t x = out_x * p->stride - p->pad_w, kx = 0; kx < 3; x++, kx++) {
            const int32_t inside = y >= 0 && y < p->in_h && x >= 0 && x < p->in_w;
            acc += *filter++ * (inside ? input[y * p->in_w + x] : p->pad_value);
        }
    }
    return acc;
}

void tfg_conv_2d_3x3_one_s8(const tfg_conv_2d_3x3_one_s8_t *p, const int8_t *input, int8_t *output, int16_t *scratch)
{
    (void)scratch; /* for the fast form */
    for (int32_t batch = 0; batch < p->batches; batch++) {
        for (int32_t out_y = 0; out_y < p->out_h; out_y++) {
            for (int32_t out_x = 0; out_x < p->out_w; out_x++) {
                const int32_t acc = tfg_requantize_shift(accumulate(p, input, out_y, out_x), p->multiplier, p->shift);
                *output++ = tfg_clamp_s8(tfg_add_wrap(acc, p->zero_point), p->min, p->max);
            }
        }
        input += p->in_h * p->in_w;
    }
}
