#include "tfg/tfg_average_pool_2d_s8.h"

#include "tfg_dsp.h"

/* Sums of four channels over a row of up to 255 taps */
static void add_row(const int8_t *at, int32_t step, int32_t taps, int32_t *sums)
{
    uint32_t even = 0; /* of channels 0 and 2 */
    uint32_t odd = 0;
    for (; taps > 0; taps--) {
        const uint32_t four = tfg_load4(at);
        even = tfg_sxtab16(even, four);
        odd = tfg_sxtab16_ror8(odd, four);
        at += step;
    }
    sums[0] += (int16_t)even;
    sums[1] += (int16_t)odd;
    sums[2] += (int32_t)even >> 16;
    sums[3] += (int32_t)odd >> 16;
}

/* Sums of up to four channels over a window; `count` channels are read */
static TFG_COLD void sum(const tfg_average_pool_2d_s8_t *p, const int8_t *at, int32_t rows, int32_t columns,
                         int32_t count, int32_t *sums)
{
    if (columns == p->in_w) { /* the rows are one */
        columns *= rows;
        rows = 1;
    }
    for (int32_t i = 0; i < 4; i++) {
        sums[i] = 0;
    }
    for (; rows > 0; rows--) {
        const int8_t *next = at + p->in_w * p->channels;
        for (int32_t x = 0; x < columns; x += 255) {
            const int32_t taps = tfg_min(columns - x, 255);
            if (count == 4) {
                add_row(at, p->channels, taps, sums);
            } else {
                for (int32_t i = 0; i < count; i++) {
                    for (int32_t tap = 0; tap < taps; tap++) {
                        sums[i] += at[tap * p->channels + i];
                    }
                }
            }
            at += taps * p->channels;
        }
        at = next;
    }
}

TFG_COLD void tfg_average_pool_2d_s8(const tfg_average_pool_2d_s8_t *p, const int8_t *input, int8_t *output)
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
                const int32_t taps = (y_end - y_first) * (x_end - x_first);
                const int8_t *corner = input + (y_first * p->in_w + x_first) * p->channels;
                for (int32_t channel = 0; channel < p->channels; channel += 4) {
                    int32_t sums[4];
                    const int32_t count = tfg_min(4, p->channels - channel);
                    sum(p, corner + channel, y_end - y_first, x_end - x_first, count, sums);
                    for (int32_t i = 0; i < count; i++) {
                        const int32_t mean = (sums[i] > 0 ? sums[i] + taps / 2 : sums[i] - taps / 2) / taps;
                        *output++ = tfg_clamp_s8(mean, p->min, p->max);
                    }
                }
            }
        }
        input += p->in_h * p->in_w * p->channels;
    }
}
