#include "tfg/tfg_conv_2d_s8.h"

#define TFG_CONV_2D tfg_conv_2d_s8_t
#include "tfg_conv_2d.h"

void tfg_conv_2d_s8(const tfg_conv_2d_s8_t *p, const int8_t *input, int8_t *output, int16_t *scratch)
{
    (void)scratch; /* for the fast form */
    for (int32_t batch = 0; batch < p->batches; batch++) {
        for (int32_t out_y = 0; out_y < p->out_h; out_y++) {
            for (int32_t out_x = 0; out_x < p->out_w; out_x++) {
                for (int32_t out = 0; out < p->out_ch; out++) {
                    const tfg_folded_t folded = tfg_folded(p->bias, p->rare, out);
                    int32_t acc = folded.bias + tfg_conv_2d_sum(p, input, out_y, out_x, out);
                    acc = tfg_requantize_shift(acc, p->multiplier[out], folded.shift);
                    *output++ = tfg_clamp_s8(tfg_add_wrap(acc, p->zero_point), p->min, p->max);
                }
            }
        }
        input += p->in_h * p->in_w * p->in_ch;
    }
}
