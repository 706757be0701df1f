#include "tfg/tfg_depthwise_conv_2d_fours_s8.h"

#include "tfg_dsp.h"

/* Weights of four channels as int16 in the order 0 2 1 3, and their table; the input's zero point goes to the input */
static TFG_NOINLINE void prepare(const tfg_depthwise_conv_2d_fours_s8_t *p, int32_t channel, int16_t *weights,
                                 int32_t *table)
{
    const int8_t *filter = p->filter + channel;
    const int32_t apart = p->out_ch;
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
        filter += apart;
    }
    for (int32_t i = 0; i < 4; i++) {
        const tfg_folded_t folded = tfg_folded(p->bias, p->rare, channel + i);
        const int32_t shift = folded.shift;
        table[(0x3120 >> (4 * i)) & 3] = folded.bias + p->pad_value * sums[i]; /* order 0 2 1 3 */
        table[4 + 3 * i] = p->multiplier[channel + i];
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

static TFG_COLD void four_channels(const tfg_depthwise_conv_2d_fours_s8_t *p, const int8_t *input, int8_t *output,
                                   const int16_t *weights, const int32_t *table)
{
    tfg_depthwise_run_t run;
    const int32_t down = p->dilation_h * p->in_w * p->out_ch;
    run.step = p->dilation_w * p->out_ch;
    run.table = table;
    run.offset = (uint32_t)(uint16_t)-p->pad_value * 0x10001U;
    run.x_stride = p->stride_w * p->out_ch;
    run.output_stride = p->out_ch;
    run.output = output;
    for (int32_t out_y = 0; out_y < p->out_h; out_y++) {
        int32_t first_y;
        const int32_t top = out_y * p->stride_h - p->pad_h;
        int32_t left = -p->pad_w;
        int32_t out_x = 0;
        run.rows = inside(top, p->dilation_h, p->kernel_h, p->in_h, &first_y);
        while (out_x < p->out_w) {
            int32_t first_x;
            run.columns = inside(left, p->dilation_w, p->kernel_w, p->in_w, &first_x);
            /* the places that follow with whole rows of taps inside, or this one alone */
            run.places = 1;
            if (run.columns == p->kernel_w) {
                const int32_t last = p->in_w - 1 - (p->kernel_w - 1) * p->dilation_w; /* where such a place begins */
                run.places = tfg_min(p->out_w - out_x, (last - left) / p->stride_w + 1);
            }
            run.x = input + (top * p->in_w + left) * p->out_ch + first_y * down + first_x * run.step;
            run.weights = weights + (first_y * p->kernel_w + first_x) * 4;
            run.x_skip = down - run.columns * run.step;
            run.weights_skip = (p->kernel_w - run.columns) * 8;
            tfg_depthwise_run(&run);
            out_x += run.places;
            left += run.places * p->stride_w;
            run.output += run.places * p->out_ch;
        }
    }
}

void tfg_depthwise_conv_2d_fours_s8(const tfg_depthwise_conv_2d_fours_s8_t *p, const int8_t *input, int8_t *output,
                                    int16_t *scratch)
{
    int32_t *table = (int32_t *)(void *)scratch;
    int16_t *weights = scratch + 32;
    const int32_t size = p->out_h * p->out_w * p->out_ch;
    for (int32_t batch = 0; batch < p->batches; batch++) {
        for (int32_t channel = 0; channel < p->out_ch; channel += 4) {
            const int32_t from = tfg_min(channel, p->out_ch - 4); /* the last four overlap those before */
            prepare(p, from, weights, table);
            four_channels(p, input + from, output + from, weights, table);
        }
        if (p->max - p->min != 255) {
            tfg_limit(output, size, p->min, p->max);
        }
        input += p->in_h * p->in_w * p->out_ch;
        output += size;
    }
}
