#include "tfg/tfg_depthwise_conv_2d_3x3_s8.h"

#include "tfg_dsp.h"

/* What is kept of up to four channels: their numbers, and three rows of input, each channel by itself */
typedef struct {
    tfg_depthwise_channel_t channels[4];
    uint32_t planes[]; /* [4][pairs of columns][3 rows] */
} some_t;

static TFG_NOINLINE void prepare(const tfg_depthwise_conv_2d_3x3_s8_t *p, int32_t channel, tfg_depthwise_channel_t *c)
{
    const int8_t *filter = p->filter + channel;
    const tfg_folded_t folded = tfg_folded(p->bias, p->rare, channel);
    c->bias = folded.bias * 2;
    c->multiplier = p->multiplier[channel];
    c->shift = folded.shift;
    c->rounding = (int32_t)((uint32_t)(2 * p->zero_point + 1) << c->shift);
    for (int32_t row = 0; row < 3; row++) {
        const uint32_t w0 = (uint32_t)(filter[0] * 2);
        const uint32_t w1 = (uint32_t)(filter[p->out_ch] * 2);
        const uint32_t w2 = (uint32_t)(filter[2 * p->out_ch] * 2);
        c->weights[row][0] = tfg_pkhbt(w0, w1);
        c->weights[row][1] = tfg_pkhbt(w2, w0);
        c->weights[row][2] = tfg_pkhbt(w1, w2);
        filter += 3 * p->out_ch;
    }
    for (int32_t row = 3; row < 5; row++) {
        c->weights[row][0] = c->weights[row - 3][0];
        c->weights[row][1] = c->weights[row - 3][1];
        c->weights[row][2] = c->weights[row - 3][2];
    }
}

/* A row of fewer than four channels, or with two columns of padding; nothing is read beyond the last channel */
static TFG_COLD void put_few(const tfg_depthwise_conv_2d_3x3_s8_t *p, const tfg_columns_t *to, const int8_t *row,
                             int32_t width, int32_t count)
{
    const int32_t plane = to->plane_bytes / 2;
    for (int32_t x = 0; x < plane / 3; x++) {
        const int32_t inside = (uint32_t)(x - p->pad_w) < (uint32_t)width;
        for (int32_t channel = 0; channel < count; channel++) {
            const int32_t value = inside ? row[(x - p->pad_w) * p->out_ch + channel] : p->pad_value;
            ((int16_t *)(void *)to->slot)[channel * plane + x / 2 * 6 + x % 2] = (int16_t)value;
        }
    }
}

/* How a row of input lies in pairs of columns */
static void pair_up(tfg_columns_t *columns, int32_t pad, int32_t width, int32_t pairs)
{
    const int32_t inside = tfg_min(width, 2 * pairs - pad);
    columns->left = pad;
    columns->pairs = (inside - pad) / 2;
    columns->right = (inside - pad) % 2;
    columns->blanks = pairs - pad - columns->pairs - columns->right;
}

static TFG_COLD void some_channels(const tfg_depthwise_conv_2d_3x3_s8_t *p, int32_t count, const int8_t *input,
                                   int8_t *output, some_t *some)
{
    const int32_t pairs = (p->out_w + 1) / 2 * p->stride_w + 1;
    const int32_t whole = count == 4 && p->pad_w <= 1;
    tfg_columns_t inner = {some->planes, input, p->out_ch, pairs * 12, 0, 0, 0, 0, (uint16_t)p->pad_value * 0x10001U};
    tfg_columns_t outer = inner;
    outer.blanks = pairs;
    if (whole) {
        pair_up(&inner, p->pad_w, p->in_w, pairs);
    }
    tfg_depthwise_row_t row = {some->channels, 0, some->planes, pairs * 12, output, p->out_ch, p->out_w, count};
    int32_t next = -p->pad_h; /* the row of input to come */
    int32_t slot = 0;         /* where it goes */
    int32_t top = next;
    for (int32_t left = p->out_h; left > 0; left--) {
        for (; next < top + 3; next++) {
            if (next >= top) {
                const int32_t inside = next >= 0 && next < p->in_h;
                tfg_columns_t *columns = inside ? &inner : &outer;
                columns->slot = some->planes + slot;
                if (whole) {
                    columns->at = input + next * p->in_w * p->out_ch;
                    tfg_take_columns(columns);
                } else {
                    put_few(p, columns, input + next * p->in_w * p->out_ch, inside ? p->in_w : 0, count);
                }
            }
            slot = slot == 2 ? 0 : slot + 1;
        }
        /* the next slot holds the first row of the window */
        row.rotation = slot == 0 ? 0 : (3 - slot) * 12;
        if (p->stride_w == 2) {
            tfg_depthwise_3x3_stride_2(&row);
        } else {
            tfg_depthwise_3x3(&row);
        }
        row.output += p->out_w * p->out_ch;
        top += p->stride_h;
    }
}

TFG_COLD void tfg_depthwise_conv_2d_3x3_s8(const tfg_depthwise_conv_2d_3x3_s8_t *p, const int8_t *input, int8_t *output,
                                           int16_t *scratch)
{
    some_t *some = (some_t *)(void *)scratch;
    const int32_t size = p->out_h * p->out_w * p->out_ch;
    for (int32_t batch = 0; batch < p->batches; batch++) {
        for (int32_t channel = 0; channel < p->out_ch; channel += 4) {
            const int32_t count = tfg_min(4, p->out_ch - channel);
            for (int32_t i = 0; i < count; i++) {
                prepare(p, channel + i, &some->channels[i]);
            }
            some_channels(p, count, input + channel, output + channel, some);
        }
        if (p->max - p->min != 255) {
            tfg_limit(output, size, p->min, p->max);
        }
        input += p->in_h * p->in_w * p->out_ch;
        output += size;
    }
}
