#include "tfg/tfg_depthwise_conv_2d_s8.h"

#include "tfg_dsp.h"

/* One output in plain C: few channels, copies of channels, rescaling out of the fast range */
static int32_t accumulate(const tfg_depthwise_conv_2d_s8_t *p, const int8_t *input, int32_t top, int32_t left,
                          int32_t in, int32_t out)
{
    const int8_t *filter = p->filter + out;
    int32_t acc = 0;
    for (int32_t ky = 0; ky < p->kernel_h; ky++) {
        const int32_t y = top + ky * p->dilation_h;
        for (int32_t kx = 0; kx < p->kernel_w; kx++) {
            const int32_t x = left + kx * p->dilation_w;
            const int32_t inside = y >= 0 && y < p->in_h && x >= 0 && x < p->in_w;
            acc += *filter * (inside ? input[(y * p->in_w + x) * p->in_ch + in] : p->pad_value);
            filter += p->out_ch;
        }
    }
    return acc;
}

static void plain(const tfg_depthwise_conv_2d_s8_t *p, const int8_t *input, int8_t *output)
{
    for (int32_t out_y = 0; out_y < p->out_h; out_y++) {
        for (int32_t out_x = 0; out_x < p->out_w; out_x++) {
            const int32_t top = out_y * p->stride_h - p->pad_h;
            const int32_t left = out_x * p->stride_w - p->pad_w;
            for (int32_t out = 0; out < p->out_ch; out++) {
                const tfg_folded_t folded = tfg_folded(p->bias, p->rare, out);
                int32_t acc = folded.bias + accumulate(p, input, top, left, out / p->depth_multiplier, out);
                acc = tfg_requantize_shift(acc, p->multiplier[out], folded.shift);
                *output++ = tfg_clamp_s8(tfg_add_wrap(acc, p->zero_point), p->min, p->max);
            }
        }
    }
}

/* Weights of four channels as int16 in the order 0 2 1 3, and their table; the input's zero point goes to the input */
static void prepare(const tfg_depthwise_conv_2d_s8_t *p, int32_t channel, int16_t *weights, int32_t *table)
{
    const int8_t *filter = p->filter + channel;
    int32_t sums[4] = {0, 0, 0, 0};
    for (int32_t tap = 0; tap < p->kernel_h * p->kernel_w; tap++) {
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
        filter += p->out_ch;
    }
    for (int32_t i = 0; i < 4; i++) {
        const tfg_folded_t folded = tfg_folded(p->bias, p->rare, channel + i);
        const int32_t shift = folded.shift;
        table[i == 1 ? 2 : i == 2 ? 1 : i] = folded.bias + p->pad_value * sums[i];
        table[4 + 3 * i] = p->multiplier[channel + i];
        table[5 + 3 * i] = shift;
        table[6 + 3 * i] = (int32_t)((uint32_t)(2 * p->zero_point + 1) << shift);
    }
}

/* First tap and number of taps inside, of a window that starts at `start` */
static int32_t inside(int32_t start, int32_t kernel, int32_t dilation, int32_t size, int32_t *first)
{
    int32_t begin = start < 0 ? (-start + dilation - 1) / dilation : 0;
    int32_t end = start >= size ? 0 : (size - 1 - start) / dilation + 1;
    end = tfg_min(end, kernel);
    *first = begin;
    return tfg_max(end - begin, 0);
}

static void four_channels(const tfg_depthwise_conv_2d_s8_t *p, const int8_t *input, int8_t *output,
                          const int16_t *weights, const int32_t *table)
{
    tfg_depthwise_run_t run;
    const int32_t line = p->in_w * p->in_ch;
    run.step = p->dilation_w * p->in_ch;
    run.table = table;
    run.offset = (uint32_t)(uint16_t)-p->pad_value * 0x10001U;
    run.x_stride = p->stride_w * p->in_ch;
    run.output_stride = p->out_ch;
    for (int32_t out_y = 0; out_y < p->out_h; out_y++) {
        int32_t first_y;
        const int32_t top = out_y * p->stride_h - p->pad_h;
        const int32_t rows = inside(top, p->kernel_h, p->dilation_h, p->in_h, &first_y);
        int32_t out_x = 0;
        while (out_x < p->out_w) {
            int32_t first_x;
            const int32_t left = out_x * p->stride_w - p->pad_w;
            const int32_t columns = inside(left, p->kernel_w, p->dilation_w, p->in_w, &first_x);
            /* the places that follow with whole rows of taps inside, or this one alone */
            int32_t places = 1;
            if (columns == p->kernel_w) {
                const int32_t last = p->in_w - 1 - (p->kernel_w - 1) * p->dilation_w;
                places = tfg_min(p->out_w - out_x, (last - left) / p->stride_w + 1);
            }
            run.x = input + (top + first_y * p->dilation_h) * line + (left + first_x * p->dilation_w) * p->in_ch;
            run.weights = weights + (first_y * p->kernel_w + first_x) * 4;
            run.rows = rows;
            run.columns = columns;
            run.x_skip = p->dilation_h * line - columns * run.step;
            run.weights_skip = (p->kernel_w - columns) * 8;
            run.output = output;
            run.places = places;
            tfg_depthwise_run(&run);
            out_x += places;
            output += places * p->out_ch;
        }
    }
}

static int32_t shifts_are_fast(const int32_t *rare)
{
    for (; rare != NULL && *rare >= 0; rare += 3) {
        if (rare[2] < 0) {
            return 0;
        }
    }
    return 1;
}

void tfg_depthwise_conv_2d_s8(const tfg_depthwise_conv_2d_s8_t *p, const int8_t *input, int8_t *output,
                              int16_t *scratch)
{
    int32_t *table = (int32_t *)(void *)scratch;
    int16_t *weights = scratch + 32;
    /* a window with nothing inside can only come from dilation: then, and for few channels, plain C */
    const int32_t fast = p->depth_multiplier == 1 && p->out_ch >= 4 && p->dilation_h == 1 && p->dilation_w == 1 &&
                         shifts_are_fast(p->rare);
    const int32_t size = p->out_h * p->out_w * p->out_ch;
    for (int32_t batch = 0; batch < p->batches; batch++) {
        if (!fast) {
            plain(p, input, output);
        }
        for (int32_t channel = 0; fast && channel < p->out_ch; channel += 4) {
            const int32_t from = tfg_min(channel, p->out_ch - 4); /* the last four overlap those before */
            prepare(p, from, weights, table);
            four_channels(p, input + from, output + from, weights, table);
        }
        if (fast && p->max - p->min != 255) {
            tfg_limit(output, size, p->min, p->max);
        }
        input += p->in_h * p->in_w * p->in_ch;
        output += size;
    }
}
