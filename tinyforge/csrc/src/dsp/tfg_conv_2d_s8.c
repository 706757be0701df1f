#include "tfg/tfg_conv_2d_s8.h"

#include <string.h>

#include "tfg_dsp.h"

/* Where the bytes of a window go: expanded at once, or as bytes first where channels are no multiple of four */
typedef struct {
    int16_t *place;
    int8_t *bytes;
} target_t;

static void put(target_t *to, const int8_t *from, int32_t count)
{
    if (to->bytes != NULL) {
        int8_t *bytes = to->bytes;
        to->bytes += count;
        for (; count >= 4; count -= 4) {
            tfg_store4(bytes, tfg_load4(from));
            bytes += 4;
            from += 4;
        }
        while (count-- > 0) {
            *bytes++ = *from++;
        }
    } else {
        tfg_expand(to->place, from, count / 4);
        to->place += count * 2;
    }
}

static void fill(const tfg_conv_2d_s8_t *p, target_t *to, int32_t count)
{
    if (to->bytes != NULL) {
        memset(to->bytes, p->pad_value, (size_t)count);
        to->bytes += count;
    } else {
        const uint32_t pair = (uint32_t)(uint16_t)p->pad_value * 0x10001U;
        for (; count > 0; count -= 4) {
            tfg_store4(to->place, pair);
            tfg_store4(to->place + 2, pair);
            to->place += 8;
        }
    }
}

static void gather_row(const tfg_conv_2d_s8_t *p, const int8_t *row, int32_t left, target_t *to)
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

/* One window as int16 into its place */
static void gather(const tfg_conv_2d_s8_t *p, const int8_t *input, int32_t out_y, int32_t out_x, int16_t *place,
                   int8_t *bytes)
{
    const int32_t top = out_y * p->stride_h - p->pad_h;
    const int32_t left = out_x * p->stride_w - p->pad_w;
    target_t to = {place, bytes};
    for (int32_t ky = 0; ky < p->kernel_h; ky++) {
        const int32_t y = top + ky * p->dilation_h;
        if (y < 0 || y >= p->in_h) {
            fill(p, &to, p->kernel_w * p->in_ch);
        } else {
            gather_row(p, input + y * p->in_w * p->in_ch, left, &to);
        }
    }
    if (bytes != NULL) {
        tfg_expand(place, bytes, p->groups); /* bytes beyond the window meet weights that are 0 */
    }
}

void tfg_conv_2d_s8(const tfg_conv_2d_s8_t *p, const int8_t *input, int8_t *output, int16_t *scratch)
{
    const tfg_channels_t channels = {
        p->filter, p->bias,       p->multiplier, p->shift, p->out_ch,
        p->groups, p->zero_point, p->min,        p->max,   tfg_channels_are_fast(p->shift, p->out_ch, p->min, p->max),
    };
    const int32_t places = p->out_h * p->out_w;
    int8_t *bytes = p->in_ch % 4 == 0 ? NULL : (int8_t *)(scratch + p->groups * 8);
    for (int32_t batch = 0; batch < p->batches; batch++) {
        int32_t out_y = 0;
        int32_t out_x = 0;
        for (int32_t done = 0; done < places; done += 2) {
            const int32_t both = done + 1 < places;
            for (int32_t place = 0; place < 2; place++) {
                gather(p, input, out_y, out_x, scratch + place * 4, bytes);
                if (both && ++out_x == p->out_w) {
                    out_x = 0;
                    out_y++;
                }
            }
            tfg_channels(&channels, scratch, output, both ? output + p->out_ch : output);
            output += p->out_ch * (1 + both);
        }
        input += p->in_h * p->in_w * p->in_ch;
    }
}
