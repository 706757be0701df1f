/*
 * Convolutions whose windows hold few values, four places at a time, for the kernel whose parameters are a TFG_NARROW.
 * Before it includes this it defines row_t, with the pairs of a row and a line for a row that is padded, and how it
 * takes a row of windows as int16: row_of, columns_of, behind_of, take_four, take_one.
 */
#ifndef TFG_NARROW_H
#define TFG_NARROW_H

#include "tfg_dsp.h"

/*
 * Windows slot..3 into their places, the first of four in one row being at `top` and `left`, wherever they lie. Inline: a
 * call of its own would be deeper on the stack than all that windows inside take.
 */
TFG_ALWAYS_INLINE void take(const TFG_NARROW *p, const int8_t *input, int32_t top, int32_t left, int32_t slot,
                            int16_t *to)
{
    const int32_t width = p->in_w * p->in_ch;
    const int32_t stride = p->stride_w * p->in_ch;
    const row_t row = row_of(p, to);
    for (int32_t ky = p->kernel_h; ky > 0; ky--) {
        tfg_pad_row(row.line, input + top * width, top >= 0 && top < p->in_h ? width : 0, left * p->in_ch,
                    3 * stride + columns_of(p) * p->in_ch, p->pad_value);
        if (slot == 0) {
            take_four(&row, row.line, stride, to);
        }
        for (int32_t i = slot > 0 ? slot : 4; i < 4; i++) {
            take_one(&row, row.line + i * stride, to + i * 2);
        }
        to += row.pairs * 8;
        top += p->dilation_h;
    }
}

/* The windows from slot `first` on move to the first slots */
static TFG_COLD void keep(int16_t *places, int32_t pairs, int32_t first)
{
    for (; pairs > 0; pairs--) {
        for (int32_t i = 0; i < 4 - first; i++) {
            tfg_store4(places + 2 * i, tfg_load4((const int8_t *)(places + 2 * (first + i))));
        }
        places += 8;
    }
}

/* How many windows from that one on stand inside in its row, with the bytes that are read with the last one */
static TFG_NOINLINE int32_t inside(const TFG_NARROW *p, int32_t top, int32_t left)
{
    const int32_t bottom = top + (p->kernel_h - 1) * p->dilation_h;
    const int32_t last = (p->out_w - 1) * p->stride_w - p->pad_w; /* where the row's last window begins */
    int32_t reach = p->in_w - columns_of(p);
    if (top < 0 || left < 0 || bottom >= p->in_h) {
        return 0;
    }
    if (bottom == p->in_h - 1) {
        reach -= (behind_of(p) + p->in_ch - 1) / p->in_ch;
    }
    reach = tfg_min(reach, last) - left;
    return reach < 0 ? 0 : reach / p->stride_w + 1;
}

static inline void narrow_places(const TFG_NARROW *p, const int8_t *input, int8_t *output, int16_t *scratch)
{
    const int32_t size = p->out_h * p->out_w * p->out_ch;
    const row_t row = row_of(p, scratch);
    const int32_t end = p->out_w * p->stride_w - p->pad_w;
    const int32_t down = p->dilation_h * p->in_w * p->in_ch;
    tfg_narrow_t narrow = {
        p->channels, output, 0, scratch, p->channels + (p->pairs + 3) * p->out_ch, p->pairs, 2 * p->zero_point + 1,
    };
    for (int32_t batch = 0; batch < p->batches; batch++) {
        int32_t top = -p->pad_h;
        int32_t left = -p->pad_w;
        int32_t places = p->out_h * p->out_w;
        while (places > 0) {
            int32_t fours = places < 4 ? 0 : inside(p, top, left) / 4;
            if (fours == 0) { /* at an edge; or the last ones, with those before them, whose windows are still there */
                int32_t count = 4;
                int32_t slot = 0;
                if (places < 4) {
                    count = 1;
                    if (places > 1 && p->out_h * p->out_w >= 4) {
                        count = 4;
                        slot = 4 - places;
                        keep(scratch, p->pairs, places);
                        narrow.output -= slot * p->out_ch;
                        places = 4;
                    }
                }
                while (slot < count) {
                    const int32_t taken = tfg_min((end - left) / p->stride_w, count - slot);
                    take(p, input, top, left - slot * p->stride_w, slot, scratch);
                    slot += taken;
                    left += taken * p->stride_w;
                    if (left == end) {
                        left = -p->pad_w;
                        top += p->stride_h;
                    }
                }
                narrow.stride = count == 4 ? p->out_ch : 0;
                tfg_narrow(&narrow);
                narrow.output += count * p->out_ch;
                places -= count;
                continue;
            }
            narrow.stride = p->out_ch;
            for (; fours > 0; fours--) {
                const int8_t *window = input + (top * p->in_w + left) * p->in_ch;
                int16_t *to = scratch;
                for (int32_t ky = p->kernel_h; ky > 0; ky--) {
                    take_four(&row, window, p->stride_w * p->in_ch, to);
                    to += row.pairs * 8;
                    window += down;
                }
                tfg_narrow(&narrow);
                narrow.output += 4 * p->out_ch;
                left += 4 * p->stride_w;
                places -= 4;
            }
            if (left == end) {
                left = -p->pad_w;
                top += p->stride_h;
            }
        }
        if (p->max - p->min != 255) {
            tfg_limit(output, size, p->min, p->max);
        }
        input += p->in_h * p->in_w * p->in_ch;
        output += size;
    }
}

#endif /* TFG_NARROW_H */
