#include "tfg/tfg_conv_2d_s8.h"

#include "tfg_dsp.h"

/* Where the bytes of a window go: expanded at once, or as bytes first where channels are no multiple of four */
typedef struct {
    int16_t *place;
    int8_t *bytes;
} target_t;

static inline void copy(int8_t *to, const int8_t *from, int32_t count)
{
    if (count >= 4) {
        const int32_t last = count - 4;
        for (int32_t i = 0; i < last; i += 4) {
            tfg_store4(to + i, tfg_load4(from + i));
        }
        tfg_store4(to + last, tfg_load4(from + last));
    } else {
        while (count-- > 0) {
            *to++ = *from++;
        }
    }
}

static TFG_COLD void put(target_t *to, const int8_t *from, int32_t count)
{
    if (to->bytes != NULL) {
        copy(to->bytes, from, count);
        to->bytes += count;
    } else {
        tfg_expand(to->place, from, count / 4);
        to->place += count * 4;
    }
}

static TFG_COLD void fill(const tfg_conv_2d_s8_t *p, target_t *to, int32_t count)
{
    if (to->bytes != NULL) {
        for (; count > 0; count--) {
            *to->bytes++ = (int8_t)p->pad_value;
        }
    } else {
        const uint32_t pair = (uint32_t)(uint16_t)p->pad_value * 0x10001U;
        for (; count > 0; count -= 4) {
            tfg_store4(to->place, pair);
            tfg_store4(to->place + 8, pair);
            to->place += 16;
        }
    }
}

static inline void gather_row(const tfg_conv_2d_s8_t *p, const int8_t *row, int32_t left, target_t *to)
{
    if (p->dilation_w == 1) {
        const int32_t before = tfg_min(tfg_max(-left, 0), p->kernel_w);
        const int32_t end = tfg_max(tfg_min(p->in_w - left, p->kernel_w), before);
        if (before) {
            fill(p, to, before * p->in_ch);
        }
        if (end > before) {
            put(to, row + (left + before) * p->in_ch, (end - before) * p->in_ch);
        }
        if (end < p->kernel_w) {
            fill(p, to, (p->kernel_w - end) * p->in_ch);
        }
        return;
    }
    for (int32_t kx = 0; kx < p->kernel_w; kx++) {
        const int32_t x = left + kx * p->dilation_w;
        if (x < 0 || x >= p->in_w) {
            fill(p, to, p->in_ch);
        } else {
            put(to, row + x * p->in_ch, p->in_ch);
        }
    }
}

/* A window that reaches beyond the edge, or whose columns lie apart */
static TFG_COLD void gather_edge(const tfg_conv_2d_s8_t *p, const int8_t *input, int32_t top, int32_t left,
                                 target_t *to)
{
    for (int32_t ky = 0; ky < p->kernel_h; ky++) {
        const int32_t y = top + ky * p->dilation_h;
        if (y < 0 || y >= p->in_h) {
            fill(p, to, p->kernel_w * p->in_ch);
        } else {
            gather_row(p, input + y * p->in_w * p->in_ch, left, to);
        }
    }
}

/* One window as int16 into its place */
static TFG_NOINLINE void gather(const tfg_conv_2d_s8_t *p, const int8_t *input, int32_t out_y, int32_t out_x,
                                int16_t *place, int8_t *bytes)
{
    const int32_t top = out_y * p->stride_h - p->pad_h;
    const int32_t left = out_x * p->stride_w - p->pad_w;
    target_t to = {place, bytes};
    const int32_t line = p->in_w * p->in_ch;
    if (top >= 0 && top + (p->kernel_h - 1) * p->dilation_h < p->in_h && left >= 0 && left + p->kernel_w <= p->in_w &&
        p->dilation_w == 1) {
        const int8_t *row = input + top * line + left * p->in_ch;
        const int32_t width = p->kernel_w * p->in_ch;
        const int32_t down = p->dilation_h * line;
        int16_t *at = place;
        int8_t *byte = bytes;
        for (int32_t ky = p->kernel_h; ky > 0; ky--) {
            if (byte == NULL) {
                tfg_expand(at, row, width / 4);
                at += width * 4;
            } else {
                copy(byte, row, width);
                byte += width;
            }
            row += down;
        }
    } else {
        gather_edge(p, input, top, left, &to);
    }
    if (bytes != NULL) {
        tfg_expand(place, bytes, p->groups); /* bytes beyond the window meet weights that are 0 */
    }
}

TFG_COLD void tfg_conv_2d_s8(const tfg_conv_2d_s8_t *p, const int8_t *input, int8_t *output, int16_t *scratch)
{
    const tfg_channels_t channels = {p->filter, p->bias,       p->multiplier, p->rare, p->out_ch,
                                     p->groups, p->zero_point, p->min,        p->max};
    const int32_t places = p->out_h * p->out_w;
    int8_t *bytes = p->in_ch % 4 == 0 ? NULL : (int8_t *)(scratch + p->groups * 16);
    for (int32_t batch = 0; batch < p->batches; batch++) {
        int32_t out_y = 0;
        int32_t out_x = 0;
        for (int32_t done = 0; done < places; done += 4) {
            const int32_t count = tfg_min(places - done, 4);
            int32_t place = 0;
            for (int32_t slot = 0; slot < tfg_slots_of(count); slot++) {
                if (tfg_place_of(slot, count) != place) {
                    place++;
                    if (++out_x == p->out_w) {
                        out_x = 0;
                        out_y++;
                    }
                }
                gather(p, input, out_y, out_x, scratch + slot * 2, bytes);
            }
            if (++out_x == p->out_w) {
                out_x = 0;
                out_y++;
            }
            tfg_channels(&channels, scratch, count, output);
            output += p->out_ch * count;
        }
        input += p->in_h * p->in_w * p->in_ch;
    }
}
