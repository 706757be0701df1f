#include "tfg/tfg_depthwise_conv_2d_3x3_s8.h"

#include "tfg_dsp.h"

/* What is kept of up to four channels: their numbers, and two pairs of input rows */
typedef struct {
    tfg_depthwise_channel_t channels[4];
    uint32_t planes[]; /* [2][columns][4] */
} some_t;

/*
 * Behind a ReLU (zero point -128) both roundings and the zero point are one addition, and a shift of 2..8 goes into the
 * weights: what is negative saturates however its halves are rounded.
 */
static TFG_COLD void prepare(const tfg_depthwise_conv_2d_3x3_s8_t *p, int32_t channel, tfg_depthwise_channel_t *c)
{
    const int8_t *filter = p->filter + channel;
    const tfg_folded_t folded = tfg_folded(p->bias, p->rare, channel);
    const int32_t far = 1 << 22; /* a bias that is nearer leaves room for products and shift */
    int32_t scale = 1;
    c->multiplier = (uint32_t)p->multiplier[channel];
    c->shift = folded.shift;
    if (p->zero_point == -128 && folded.shift >= 2 && folded.shift <= 8 && folded.bias < far && folded.bias > -far) {
        scale = 10 - folded.shift;
        c->addend = 512 + (256 >> folded.shift) - (128 << 10);
    } else {
        c->multiplier |= 1U << 31;
        c->addend = (int32_t)((uint32_t)(2 * p->zero_point + 1) << folded.shift);
    }
    c->bias = folded.bias * (1 << scale);
    for (int32_t column = 0; column < 3; column++) {
        const uint32_t w0 = (uint32_t)filter[0] << scale;
        const uint32_t w1 = (uint32_t)filter[3 * p->out_ch] << scale;
        const uint32_t w2 = (uint32_t)filter[6 * p->out_ch] << scale;
        c->weights[column][0] = tfg_pkhbt(w0, w1);
        c->weights[column][1] = tfg_pkhbt(w1, w2);
        filter += p->out_ch;
    }
}

/* Rows y and y + 1 of four channels; nothing is read beyond the last channel of the last place */
static TFG_COLD void take(const tfg_depthwise_conv_2d_3x3_s8_t *p, const int8_t *input, int32_t y, uint32_t *to,
                          int32_t columns)
{
    const uint32_t pad = (uint8_t)p->pad_value * 0x01010101U;
    tfg_columns_t pair;
    pair.to = to + p->pad_w * 4;
    for (int32_t i = 0; i < 2; i++) {
        pair.row[i] = (const int8_t *)&pad;
        pair.step[i] = 0;
        if (y + i >= 0 && y + i < p->in_h) {
            pair.row[i] = input + (y + i) * p->in_w * p->out_ch;
            pair.step[i] = p->out_ch;
        }
    }
    int32_t left = tfg_min(p->in_w, columns - p->pad_w);
    if (p->out_ch < 4 && (p->in_h - 2 - y) * p->in_w * p->out_ch < 3) { /* four bytes may be too many */
        for (; left > 0; left--) {
            uint32_t word[2];
            tfg_columns_t one = {pair.to, {(int8_t *)&word[0], (int8_t *)&word[1]}, {0, 0}, 1};
            for (int32_t i = 0; i < 2; i++) {
                for (int32_t channel = 0; channel < p->out_ch; channel++) {
                    ((int8_t *)&word[i])[channel] = pair.row[i][channel];
                }
                pair.row[i] += pair.step[i];
            }
            tfg_take_columns(&one);
            pair.to += 4;
        }
    } else {
        pair.columns = left;
        tfg_take_columns(&pair);
    }
}

/* Columns of padding, which stay as they are */
static TFG_COLD void pad(const tfg_depthwise_conv_2d_3x3_s8_t *p, uint32_t *planes, int32_t columns)
{
    for (int32_t place = 0; place < 2 * columns; place++) {
        const int32_t column = place < columns ? place : place - columns;
        if ((uint32_t)(column - p->pad_w) >= (uint32_t)p->in_w) {
            for (int32_t channel = 0; channel < 4; channel++) {
                planes[place * 4 + channel] = (uint16_t)p->pad_value * 0x10001U;
            }
        }
    }
}

/* All places of channels first..end - 1 of the four from `input` and `output` on */
static TFG_COLD void some_channels(const tfg_depthwise_conv_2d_3x3_s8_t *p, int32_t first, int32_t end,
                                   const int8_t *input, int8_t *output, some_t *some)
{
    const int32_t columns = (p->out_w - 1) * p->stride + 3;
    const int32_t rows = 3 - p->stride; /* of outputs between two pairs of rows */
    uint32_t *upper = some->planes;
    uint32_t *lower = upper + columns * 4;
    tfg_depthwise_row_t row; /* member by member: an initializer would call memset */
    row.output = output + first;
    row.output_stride = p->out_ch;
    row.twos = p->out_w / 2 * p->stride * 32;
    row.all = p->out_w * p->stride * 16;
    row.stride = p->stride;
    int32_t y = -p->pad_h;
    take(p, input, y, upper, columns);
    for (int32_t out_y = 0; out_y < p->out_h; out_y += rows) {
        y += 2;
        take(p, input, y, lower, columns);
        row.channels = some->channels + first;
        row.upper = upper + first;
        row.lower = lower + first;
        row.output_below = row.output;
        row.left = end - first;
        if (rows == 2 && out_y + 1 < p->out_h) {
            row.output_below += p->out_w * p->out_ch;
        }
        tfg_depthwise_3x3(&row);
        row.output = row.output_below + p->out_w * p->out_ch;
        uint32_t *const taken = upper;
        upper = lower;
        lower = taken;
    }
}

TFG_COLD void tfg_depthwise_conv_2d_3x3_s8(const tfg_depthwise_conv_2d_3x3_s8_t *p, const int8_t *input, int8_t *output,
                                           int16_t *scratch)
{
    some_t *some = (some_t *)(void *)scratch;
    const int32_t size = p->out_h * p->out_w * p->out_ch;
    pad(p, some->planes, (p->out_w - 1) * p->stride + 3);
    for (int32_t batch = 0; batch < p->batches; batch++) {
        for (int32_t channel = 0; channel < p->out_ch; channel += 4) {
            /* the last four may begin among those before, whose outputs stay */
            const int32_t from = tfg_max(tfg_min(channel, p->out_ch - 4), 0);
            const int32_t first = channel - from;
            const int32_t end = tfg_min(4, p->out_ch);
            for (int32_t i = first; i < end; i++) {
                prepare(p, from + i, &some->channels[i]);
            }
            some_channels(p, first, end, input + from, output + from, some);
        }
        if (p->max - p->min != 255) {
            tfg_limit(output, size, p->min, p->max);
        }
        input += p->in_h * p->in_w * p->out_ch;
        output += size;
    }
}
