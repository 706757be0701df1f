#include "tfg/tfg_conv_2d_pool_s8.h"

#define TFG_CONV_2D tfg_conv_2d_pool_s8_t
#include "tfg_conv_2d.h"

void tfg_conv_2d_pool_s8(const tfg_conv_2d_pool_s8_t *p, const int8_t *input, int8_t *output, int16_t *scratch)
{
    (void)scratch; /* for the fast form */
    for (int32_t batch = 0; batch < p->batches; batch++) {
        for (int32_t out_y = 0; out_y < p->out_h; out_y++) {
            for (int32_t out_x = 0; out_x < p->out_w; out_x++) {
                for (int32_t out = 0; out < p->out_ch; out++) {
                    int32_t most = INT32_MIN;
                    for (int32_t place = 0; place < 4; place++) {
                        most =
                            tfg_max(most, tfg_conv_2d_sum(p, input, 2 * out_y + place / 2, 2 * out_x + place % 2, out));
                    }
                    most += p->bias[out] >> 8;
                    most = tfg_requantize(most, p->multiplier[out], -1 - (p->bias[out] & 255));
                    *output++ = tfg_clamp_s8(most + p->zero_point, p->min, p->max);
                }
            }
        }
        input += p->in_h * p->in_w * p->in_ch;
    }
}
