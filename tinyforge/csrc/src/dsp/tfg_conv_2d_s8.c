#include "tfg/tfg_conv_2d_s8.h"

#include "tfg_dsp.h"

static TFG_NOINLINE int8_t *copy(int8_t *to, const int8_t *from, int32_t count)
{
    int8_t *const end = to + count;
    for (; count >= 4; count -= 4) {
        tfg_store4(to, tfg_load4(from));
        to += 4;
        from += 4;
    }
    while (to < end) {
        *to++ = *from++;
    }
    return end;
}

static TFG_COLD int8_t *fill(int8_t *to, int32_t value, int32_t count)
{
    for (; count > 0; count--) {
        *to++ = (int8_t)value;
    }
    return to;
}

/* One window, wherever it lies */
static TFG_COLD void gather(const tfg_conv_2d_s8_t *p, const int8_t *input, int32_t top, int32_t left, int8_t *to)
{
    const int32_t together = p->dilation_w == 1 ? p->kernel_w : 1; /* columns that lie side by side */
    for (int32_t ky = 0; ky < p->kernel_h; ky++) {
        const int32_t y = top + ky * p->dilation_h;
        for (int32_t kx = 0; kx < p->kernel_w; kx += together) {
            const int32_t x = left + kx * p->dilation_w;
            const int32_t from = y < 0 || y >= p->in_h ? together : tfg_min(tfg_max(-x, 0), together);
            const int32_t end = tfg_max(tfg_min(p->in_w - x, together), from);
            if (from > 0) {
                to = fill(to, p->pad_value, from * p->in_ch);
            }
            to = copy(to, input + (y * p->in_w + x + from) * p->in_ch, (end - from) * p->in_ch);
            if (end < together) {
                to = fill(to, p->pad_value, (together - end) * p->in_ch);
            }
        }
    }
}

/* Four windows of one row that are inside; `run` bytes lie side by side in them, whole words */
static void expand_rows(const tfg_conv_2d_s8_t *p, const int8_t *window, int32_t run, int16_t *places)
{
    for (int32_t ky = 0; ky < p->kernel_h; ky++) {
        const int8_t *from = window;
        for (int32_t left = p->kernel_w * p->in_ch; left > 0; left -= run) {
            tfg_expand_four(places, from, p->stride_w * p->in_ch, run / 4);
            places += run * 4;
            from += p->dilation_w * p->in_ch;
        }
        window += p->dilation_h * p->in_w * p->in_ch;
    }
}

/* The same, where rows are no whole words: up to three bytes behind a row are read with it, and written over */
static TFG_NOINLINE void copy_rows(const tfg_conv_2d_s8_t *p, const int8_t *window, int8_t *bytes)
{
    const int32_t width = p->kernel_w * p->in_ch;
    const int32_t down = p->dilation_h * p->in_w * p->in_ch;
    for (int32_t slot = 0; slot < 4; slot++) {
        const int8_t *row = window;
        int8_t *to = bytes;
        for (int32_t ky = p->kernel_h; ky > 0; ky--) {
            const int8_t *from = row;
            int8_t *at = to;
            int32_t left = width;
            for (; left > 4; left -= 8) {
                const uint32_t one = tfg_load4(from);
                const uint32_t two = tfg_load4(from + 4);
                tfg_store4(at, one);
                tfg_store4(at + 4, two);
                from += 8;
                at += 8;
            }
            if (left > 0) {
                tfg_store4(at, tfg_load4(from));
            }
            to += width;
            row += down;
        }
        window += p->stride_w * p->in_ch;
        bytes += p->groups * 4;
    }
}

/* Whether four windows from that one on lie in one row and inside, with the bytes that copy_rows reads behind them */
static TFG_COLD int32_t are_inside(const tfg_conv_2d_s8_t *p, int32_t top, int32_t left, int32_t whole)
{
    const int32_t last = left + 3 * p->stride_w;
    const int32_t behind = whole ? 0 : p->in_ch < 3 ? 3 : 1;
    return top >= 0 && left >= 0 && last < p->out_w * p->stride_w - p->pad_w &&
           last + (p->kernel_w - 1) * p->dilation_w + behind < p->in_w &&
           top + (p->kernel_h - 1) * p->dilation_h < p->in_h && (whole || p->dilation_w == 1);
}

TFG_COLD void tfg_conv_2d_s8(const tfg_conv_2d_s8_t *p, const int8_t *input, int8_t *output, int16_t *scratch)
{
    const tfg_channels_t channels = {p->filter, p->bias,       p->multiplier, p->rare, p->out_ch,
                                     p->groups, p->zero_point, p->min,        p->max};
    int8_t *const bytes = (int8_t *)(scratch + p->groups * 16);
    const int32_t run = p->dilation_w == 1 ? p->kernel_w * p->in_ch : p->in_ch;
    const int32_t whole = run % 4 == 0;
    for (int32_t batch = 0; batch < p->batches; batch++) {
        int32_t top = -p->pad_h;
        int32_t left = -p->pad_w;
        int32_t count = 0;
        for (int32_t places = p->out_h * p->out_w; places > 0; places -= count) {
            count = tfg_min(places, 4);
            const int32_t inside = count == 4 && are_inside(p, top, left, whole);
            const int8_t *window = input + (top * p->in_w + left) * p->in_ch;
            if (inside && whole) {
                expand_rows(p, window, run, scratch);
            } else if (inside) {
                copy_rows(p, window, bytes);
            }
            int32_t slot = inside ? 3 : 0;
            left += slot * p->stride_w;
            for (; slot < tfg_slots_of(count); slot++) {
                if (!inside) {
                    gather(p, input, top, left, bytes + slot * p->groups * 4);
                }
                if (count == 4 || tfg_place_of(slot + 1, count) != tfg_place_of(slot, count)) {
                    left += p->stride_w;
                }
                if (left == p->out_w * p->stride_w - p->pad_w) {
                    left = -p->pad_w;
                    top += p->stride_h;
                }
            }
            if (!inside || !whole) { /* bytes beyond a window meet weights that are 0 */
                tfg_expand_four(scratch, bytes, p->groups * 4, p->groups);
            }
            tfg_channels(&channels, scratch, count, output);
            output += p->out_ch * count;
        }
        input += p->in_h * p->in_w * p->in_ch;
    }
}
