#include "tfg/tfg_average_pool_2d_s8.h"

#include "../tfg_internal.h"

void tfg_average_pool_2d_s8(const tfg_average_pool_2d_s8_t *p, const int8_t *input, int8_t *output)
{
    for (int32_t batch = 0; batch < p->batches; batch++) {
        for (int32_t out_y = 0; out_y < p->out_h; out_y++) {
            const int32_t top = out_y * p->stride_h - p->pad_h;
            const int32_t y_first = tfg_max(0, top);
            const int32_t y_end = tfg_min(p->in_h, top + p->kernel_h);
            for (int32_t out_x = 0; out_x < p->out_w; out_x++) {
                const int32_t left = out_x * p->stride_w - p->pad_w;
                const int32_t x_first = tfg_max(0, left);
                const int32_t x_end = tfg_min(p->in_w, left + p->kernel_w);
                const int32_t count = (y_end - y_first) * (x_end - x_first);
                for (int32_t channel = 0; channel < p->channels; channel++) {
                    int32_t sum = 0;
                    for (int32_t y = y_first; y < y_end; y++) {
                        for (int32_t x = x_first; x < x_end; x++) {
                            sum += input[(y * p->in_w + x) * p->channels + channel];
                        }
                    }
                    sum = (sum > 0 ? sum + count / 2 : sum - count / 2) / count;
                    *output++ = tfg_clamp_s8(sum, p->min, p->max);
                }
            }
        }
        input += p->in_h * p->in_w * p->channels;
    }
}
