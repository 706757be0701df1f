#include "tfg/tfg_transpose_conv_phases_s8.h"

#include <string.h>

#include "../tfg_internal.h"
#include "tfg/tfg_conv_2d_s8.h"

/* Outputs of one row and phase from column `first` on, whose first tap reads row y and column x of the input */
static TFG_COLD void some(const tfg_transpose_conv_phases_s8_t *p, tfg_conv_2d_s8_t *phase, const int8_t *input,
                          int32_t y, int32_t x, int8_t *output, int16_t *scratch)
{
    const int8_t *from = (const int8_t *)scratch;
    phase->pad_h = phase->kernel_h - 1 - y;
    phase->pad_w = phase->kernel_w - 1 - x;
    tfg_conv_2d_s8(phase, input, (int8_t *)scratch, scratch + (p->columns * p->out_ch + 3) / 4 * 2);
    for (int32_t left = phase->out_w; left > 0; left--) {
        int32_t at = 0;
        for (; at + 4 <= p->out_ch; at += 4) {
            memcpy(output + at, from + at, 4);
        }
        for (; at < p->out_ch; at++) {
            output[at] = from[at];
        }
        from += p->out_ch;
        output += p->stride_w * p->out_ch;
    }
}

/* Of a row, the outputs of all its phases from number `begin` on; `down` is the row's phase, y the input's row */
static TFG_COLD void phases(const tfg_transpose_conv_phases_s8_t *p, tfg_conv_2d_s8_t *phase, const int8_t *input,
                            int32_t down, int32_t y, int32_t begin, int8_t *output, int16_t *scratch)
{
    const int32_t channels = (p->out_ch + 1) / 2 * 2;
    phase->filter = p->filter;
    phase->bias = p->bias;
    phase->rare = p->rare;
    for (int32_t number = 0; number < (down + 1) * p->stride_w; number++) {
        const int32_t right = number % p->stride_w;
        const int32_t first = (right + p->stride_w - p->pad_w % p->stride_w) % p->stride_w + begin * p->stride_w;
        phase->kernel_h = (p->kernel_h - number / p->stride_w + p->stride_h - 1) / p->stride_h;
        phase->kernel_w = (p->kernel_w - right + p->stride_w - 1) / p->stride_w;
        phase->groups = (phase->kernel_h * phase->kernel_w * p->in_ch + 3) / 4;
        phase->out_w = tfg_min((p->out_w - first + p->stride_w - 1) / p->stride_w, p->columns);
        if (number >= down * p->stride_w && first < p->out_w) {
            some(p, phase, input, y, (first + p->pad_w) / p->stride_w, output + first * p->out_ch, scratch);
        }
        phase->filter += channels * phase->groups * 4;
        phase->bias += channels;
        if (phase->rare != NULL) {
            while (*phase->rare >= 0) {
                phase->rare += 3;
            }
            phase->rare++;
        }
    }
}

TFG_COLD void tfg_transpose_conv_phases_s8(const tfg_transpose_conv_phases_s8_t *p, const int8_t *input, int8_t *output,
                                           int16_t *scratch)
{
    tfg_conv_2d_s8_t phase = {
        .multiplier = p->multiplier,
        .batches = 1,
        .in_h = p->in_h,
        .in_w = p->in_w,
        .in_ch = p->in_ch,
        .out_h = 1,
        .out_ch = p->out_ch,
        .stride_h = 1,
        .stride_w = 1,
        .dilation_h = 1,
        .dilation_w = 1,
        .pad_value = p->pad_value,
        .zero_point = p->zero_point,
        .min = p->min,
        .max = p->max,
    };
    for (int32_t batch = 0; batch < p->batches; batch++) {
        for (int32_t out_y = 0; out_y < p->out_h; out_y++) {
            const int32_t y = out_y + p->pad_h;
            for (int32_t begin = 0; begin * p->stride_w < p->out_w; begin += p->columns) {
                phases(p, &phase, input, y % p->stride_h, y / p->stride_h, begin, output, scratch);
            }
            output += p->out_w * p->out_ch;
        }
        input += p->in_h * p->in_w * p->in_ch;
    }
}
