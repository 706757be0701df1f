#include "tfg/tfg_depthwise_conv_2d_few_s8.h"

#include "tfg_dsp.h"

/* Weights of four channels as int16 in the order 0 2 1 3, and their table; the input's zero point goes to the input */
static void prepare(const tfg_depthwise_conv_2d_few_s8_t *p, int16_t *weights, int32_t *table)
{
    const int8_t *filter = p->filter;
    int32_t sums[4] = {0, 0, 0, 0};
    for (int32_t taps = p->kernel_h * p->kernel_w; taps > 0; taps--) {
        const uint32_t four = tfg_load4(filter);
        const uint32_t even = tfg_sxtb16(four);
        const uint32_t odd = tfg_sxtb16_ror8(four);
        tfg_store4(weights, even);
        tfg_store4(weights + 2, odd);
        sums[0] += (int16_t)even;
        sums[1] += (int16_t)odd;
        sums[2] += (int32_t)even >> 16;
        sums[3] += (int32_t)odd >> 16;
        weights += 4;
        filter += 4;
    }
    for (int32_t i = 0; i < 4; i++) {
        const tfg_folded_t folded = tfg_folded(p->bias, p->rare, i);
        const int32_t shift = folded.shift;
        table[(0x3120 >> (4 * i)) & 3] = folded.bias + p->pad_value * sums[i]; /* order 0 2 1 3 */
        table[4 + 3 * i] = p->multiplier[i];
        table[5 + 3 * i] = shift;
        table[6 + 3 * i] = (int32_t)((uint32_t)(2 * p->zero_point + 1) << shift);
    }
}

/* First tap and number of taps inside, of a window that starts at `start` */
static int32_t inside(int32_t start, int32_t dilation, int32_t kernel, int32_t size, int32_t *first)
{
    int32_t count = kernel;
    for (; start < 0; start += dilation) {
        count--;
    }
    *first = kernel - count;
    for (start += (count - 1) * dilation; start >= size; start -= dilation) {
        count--;
    }
    return count;
}

/*
 * The place of a run where four bytes would be too many, to read or to write: what is inside of its window goes to
 * `bytes`, four a tap. `end` is that of the input.
 */
static TFG_NOINLINE void one_place(tfg_depthwise_run_t run, int32_t channels, const int8_t *end, int8_t *bytes)
{
    int8_t *const output = run.output;
    const int8_t *from = run.x;
    int8_t *to = bytes;
    int8_t four[4];
    for (int32_t row = run.rows; row > 0; row--) {
        for (int32_t column = run.columns; column > 0; column--) {
            const int32_t there = end - from;
            if (there >= 4) {
                tfg_store4(to, tfg_load4(from));
            } else {
                for (int32_t i = 0; i < there; i++) {
                    to[i] = from[i];
                }
            }
            to += 4;
            from += run.step;
        }
        from += run.x_skip;
    }
    run.x = bytes;
    run.step = 4;
    run.x_skip = 0;
    run.output = four;
    run.places = 1;
    tfg_depthwise_run(&run);
    for (int32_t channel = 0; channel < channels; channel++) {
        output[channel] = four[channel];
    }
}

static void all_places(const tfg_depthwise_conv_2d_few_s8_t *p, const int8_t *input, int8_t *output,
                       const int16_t *weights, const int32_t *table, int8_t *bytes)
{
    tfg_depthwise_run_t run;
    const int8_t *const end = input + p->in_h * p->in_w * p->out_ch;
    const int32_t line = p->in_w * p->out_ch;
    const int32_t reach = (p->kernel_w - 1) * p->dilation_w + 1; /* of a window */
    run.step = p->dilation_w * p->out_ch;
    run.table = table;
    run.offset = (uint32_t)(uint16_t)-p->pad_value * 0x10001U;
    run.x_stride = p->stride_w * p->out_ch;
    run.output_stride = p->out_ch;
    for (int32_t out_y = 0; out_y < p->out_h; out_y++) {
        int32_t first_y;
        const int32_t top = out_y * p->stride_h - p->pad_h;
        const int32_t rows = inside(top, p->dilation_h, p->kernel_h, p->in_h, &first_y);
        /* whether the last row of the input is among those it reads */
        const int32_t lowest = top + (first_y + rows - 1) * p->dilation_h == p->in_h - 1;
        int32_t out_x = 0;
        while (out_x < p->out_w) {
            int32_t first_x;
            const int32_t left = out_x * p->stride_w - p->pad_w;
            const int32_t columns = inside(left, p->dilation_w, p->kernel_w, p->in_w, &first_x);
            const int32_t safe = p->in_w - reach - left - lowest;                /* how far a window may go */
            const int32_t last = left + (first_x + columns - 1) * p->dilation_w; /* the last column that is read */
            int32_t places = 1;
            if (columns == p->kernel_w && safe >= 0) {
                places = tfg_min(p->out_w - out_x, safe / p->stride_w + 1);
            }
            if (out_y == p->out_h - 1) {
                places = tfg_min(places, tfg_max(p->out_w - 1 - out_x, 1));
            }
            run.x = input + (top + first_y * p->dilation_h) * line + left * p->out_ch + first_x * run.step;
            run.weights = weights + (first_y * p->kernel_w + first_x) * 4;
            run.rows = rows;
            run.columns = columns;
            run.x_skip = p->dilation_h * line - columns * run.step;
            run.weights_skip = (p->kernel_w - columns) * 8;
            run.output = output;
            run.places = places;
            if ((out_y == p->out_h - 1 && out_x == p->out_w - 1) || (lowest && last == p->in_w - 1)) {
                one_place(run, p->out_ch, end, bytes);
            } else {
                tfg_depthwise_run(&run);
            }
            out_x += places;
            output += places * p->out_ch;
        }
    }
}

void tfg_depthwise_conv_2d_few_s8(const tfg_depthwise_conv_2d_few_s8_t *p, const int8_t *input, int8_t *output,
                                  int16_t *scratch)
{
    int32_t *table = (int32_t *)(void *)scratch;
    int16_t *weights = scratch + 32;
    int8_t *bytes = (int8_t *)(weights + 4 * p->kernel_h * p->kernel_w);
    const int32_t size = p->out_h * p->out_w * p->out_ch;
    prepare(p, weights, table);
    for (int32_t batch = 0; batch < p->batches; batch++) {
        all_places(p, input, output, weights, table, bytes);
        if (p->max - p->min != 255) {
            tfg_limit(output, size, p->min, p->max);
        }
        input += p->in_h * p->in_w * p->out_ch;
        output += size;
    }
}
