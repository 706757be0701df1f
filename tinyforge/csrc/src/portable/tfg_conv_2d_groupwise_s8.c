#include "tfg/tfg_conv_2d_groupwise_s8.h"

#include <string.h>

#include "../tfg_internal.h"
#include "tfg/tfg_conv_2d_s8.h"

/* `bytes` at a time, `count` times; what is copied and its copies each so far from the next */
static TFG_NOINLINE void copy(int8_t *to, int32_t to_step, const int8_t *from, int32_t from_step, int32_t bytes,
                              int32_t count)
{
    for (; count > 0; count--) {
        int32_t at = 0;
        for (; at + 4 <= bytes; at += 4) {
            memcpy(to + at, from + at, 4);
        }
        for (; at < bytes; at++) {
            to[at] = from[at];
        }
        to += to_step;
        from += from_step;
    }
}

/* `columns` of a group's rows as a window of the kernel's height sees them from column `left` on, padding as numbers */
static TFG_COLD void take(const tfg_conv_2d_groupwise_s8_t *p, const int8_t *input, int32_t top, int32_t left,
                          int32_t columns, int32_t row_bytes, int8_t *to)
{
    const int32_t each = p->group_in_ch;
    const int32_t before = tfg_min(tfg_max(-left, 0), columns);
    const int32_t inside = tfg_max(tfg_min(p->in_w - left, columns) - before, 0);
    for (int32_t ky = 0; ky < p->kernel_h; ky++) {
        const int32_t y = top + ky * p->dilation_h;
        const int32_t there = y >= 0 && y < p->in_h ? inside : 0;
        if (there < columns) {
            memset(to, p->pad_value, (size_t)(columns * each));
        }
        copy(to + before * each, each, input + (y * p->in_w + left + before) * p->in_ch, p->in_ch, each, there);
        to += row_bytes;
    }
}

/* Outputs of a row, whose windows begin at `top` and `left` */
static TFG_COLD void some(const tfg_conv_2d_groupwise_s8_t *p, tfg_conv_2d_s8_t *group, const int8_t *input,
                          int32_t top, int32_t left, int8_t *output, int8_t *rows)
{
    const int32_t columns = (group->out_w - 1) * p->stride_w + (p->kernel_w - 1) * p->dilation_w + 1;
    const int32_t row_bytes = group->in_w * p->group_in_ch;
    int8_t *const outputs = rows + (p->kernel_h * group->in_w * p->in_ch + 3) / 4 * 4;
    int16_t *const more = (int16_t *)(void *)(outputs + (p->columns * p->group_out_ch + 3) / 4 * 4);
    const int32_t channels = (p->group_out_ch + 1) / 2 * 2;
    int8_t *to = rows;
    for (int32_t channel = 0; channel < p->in_ch; channel += p->group_in_ch) {
        take(p, input + channel, top, left, columns, row_bytes, to);
        to += p->kernel_h * row_bytes;
    }
    group->filter = p->filter;
    group->bias = p->bias;
    group->multiplier = p->multiplier;
    group->rare = p->rare;
    for (int32_t channel = 0; channel < p->out_ch; channel += p->group_out_ch) {
        tfg_conv_2d_s8(group, rows, outputs, more);
        copy(output + channel, p->out_ch, outputs, p->group_out_ch, p->group_out_ch, group->out_w);
        rows += p->kernel_h * row_bytes;
        group->filter += channels * p->groups * 4;
        group->bias += channels;
        group->multiplier += channels;
        if (group->rare != NULL) {
            while (*group->rare >= 0) {
                group->rare += 3;
            }
            group->rare++;
        }
    }
}

TFG_COLD void tfg_conv_2d_groupwise_s8(const tfg_conv_2d_groupwise_s8_t *p, const int8_t *input, int8_t *output,
                                       int16_t *scratch)
{
    tfg_conv_2d_s8_t group = {
        .batches = 1,
        .in_h = p->kernel_h,
        .in_w = (p->columns - 1) * p->stride_w + (p->kernel_w - 1) * p->dilation_w + (p->group_in_ch < 3 ? 4 : 2),
        .in_ch = p->group_in_ch,
        .out_h = 1,
        .out_ch = p->group_out_ch,
        .kernel_h = p->kernel_h,
        .kernel_w = p->kernel_w,
        .stride_h = 1,
        .stride_w = p->stride_w,
        .dilation_h = 1,
        .dilation_w = p->dilation_w,
        .groups = p->groups,
        .pad_value = p->pad_value,
        .zero_point = p->zero_point,
        .min = p->min,
        .max = p->max,
    };
    for (int32_t batch = 0; batch < p->batches; batch++) {
        for (int32_t out_y = 0; out_y < p->out_h; out_y++) {
            for (int32_t out_x = 0; out_x < p->out_w; out_x += p->columns) {
                group.out_w = tfg_min(p->columns, p->out_w - out_x);
                some(p, &group, input, out_y * p->stride_h - p->pad_h, out_x * p->stride_w - p->pad_w, output,
                     (int8_t *)scratch);
                output += group.out_w * p->out_ch;
            }
        }
        input += p->in_h * p->in_w * p->in_ch;
    }
}
