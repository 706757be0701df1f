#include "tfg/tfg_fully_connected_per_channel_s8.h"

#include <string.h>

#include "tfg_dsp.h"

static inline int32_t rescale(const tfg_fully_connected_per_channel_s8_t *p, int32_t out, int32_t acc)
{
    const int32_t shift = p->shift[out];
    return ((tfg_smmul(acc, p->multiplier[out]) + (1 << (shift - 1))) >> shift) + p->zero_point;
}

void tfg_fully_connected_per_channel_s8(const tfg_fully_connected_per_channel_s8_t *params, const int8_t *input,
                                        int8_t *output)
{
    const tfg_fully_connected_per_channel_s8_t copy = *params; /* which the bytes written cannot alias */
    const tfg_fully_connected_per_channel_s8_t *p = &copy;
    const int32_t block = (p->in_len + 3) / 4 * 16;
    for (int32_t batch = 0; batch < p->batches; batch++) {
        const int8_t *filter = p->filter;
        const int32_t *bias = p->bias;
        for (int32_t out = 0; out < p->out_len; out += 4) {
            int32_t acc[4] = {0, 0, 0, 0};
            const int32_t lanes = tfg_min(4, p->out_len - out);
            if (lanes == 4) {
                memcpy(acc, bias, sizeof acc);
            } else {
                memcpy(acc, bias, (size_t)lanes * sizeof *acc);
            }
            bias += 4;
            tfg_dot_row(input, filter, p->in_len, acc);
            filter += block;
            if (lanes == 4 && p->max - p->min == 255) {
                output[0] = (int8_t)tfg_ssat8(rescale(p, out, acc[0]));
                output[1] = (int8_t)tfg_ssat8(rescale(p, out + 1, acc[1]));
                output[2] = (int8_t)tfg_ssat8(rescale(p, out + 2, acc[2]));
                output[3] = (int8_t)tfg_ssat8(rescale(p, out + 3, acc[3]));
            } else {
                for (int32_t lane = 0; lane < lanes; lane++) {
                    output[lane] = tfg_clamp_s8(rescale(p, out + lane, acc[lane]), p->min, p->max);
                }
            }
            output += lanes;
        }
        input += p->in_len;
    }
}
