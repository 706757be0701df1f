#include "tfg/tfg_conv_2d_gather_s8.h"

#include "tfg_dsp.h"

/* The walk over windows, row by row */
typedef struct {
    const int8_t *x;   /* of the next window */
    const int8_t *row; /* of its row's first */
    int32_t left;      /* windows of the row */
} walk_t;

/* What `rows` rows of windows reach from `top` on, with padding around it */
static TFG_COLD void take(const tfg_conv_2d_gather_s8_t *p, const int8_t *input, int32_t top, int32_t rows, int8_t *to)
{
    const uint32_t pad = (uint8_t)p->pad_value * 0x01010101U;
    const int32_t width = p->in_w * p->in_ch;
    const int32_t bottom = tfg_min(top + (rows - 1) * p->stride_h + (p->kernel_h - 1) * p->dilation_h + 1, p->in_h);
    for (uint32_t *word = (uint32_t *)(void *)to, *end = word + p->band / 4; word < end; word += 8) {
        word[0] = word[1] = word[2] = word[3] = pad;
        word[4] = word[5] = word[6] = word[7] = pad;
    }
    to += p->pad_w * p->in_ch;
    if (top < 0) {
        to -= top * p->pitch;
        top = 0;
    }
    if (top < bottom) {
        tfg_copy_rows(to, input + top * width, width, bottom - top, p->pitch - width, 0);
    }
}

/* Outputs of `rows` rows of windows, whose first one begins at x */
static TFG_COLD void windows(const tfg_conv_2d_gather_s8_t *p, tfg_narrow_t *narrow, int16_t *places, const int8_t *x,
                             int32_t rows)
{
    const int32_t right = p->stride_w * p->in_ch;
    const int32_t down = p->stride_h * p->pitch;
    const int32_t all = rows * p->out_w;
    const int32_t count = all < 4 ? 1 : 4; /* together */
    const int8_t *four[4];
    walk_t walk = {x, x, p->out_w};
    narrow->stride = count == 4 ? p->out_ch : 0;
    for (int32_t done = 0; done < all; done += count) {
        if (done + count > all) { /* the last four, some of them once more */
            const int32_t again = all - 4;
            const int32_t y = again / p->out_w;
            const int32_t over = again - y * p->out_w;
            walk.row = x + y * down;
            walk.x = walk.row + over * right;
            walk.left = p->out_w - over;
            narrow->output -= (done - again) * p->out_ch;
        }
        for (int32_t i = 0; i < 4; i++) {
            four[i] = walk.x;
            if (count == 4 || i == 3) {
                walk.x += right;
                if (--walk.left == 0) {
                    walk.row += down;
                    walk.x = walk.row;
                    walk.left = p->out_w;
                }
            }
        }
        tfg_take_windows(places, four, p->offsets, p->words, p->twos);
        tfg_narrow(narrow);
        narrow->output += count * p->out_ch;
    }
}

TFG_COLD void tfg_conv_2d_gather_s8(const tfg_conv_2d_gather_s8_t *p, const int8_t *input, int8_t *output,
                                    int16_t *scratch)
{
    const int32_t width = p->in_w * p->in_ch;
    const int32_t pairs = 2 * p->words + p->twos;
    int8_t *const band = (int8_t *)(scratch + 8 * pairs);
    tfg_narrow_t narrow; /* member by member: an initializer would call memset */
    narrow.channels = p->channels;
    narrow.places = scratch;
    narrow.end = p->channels + (pairs + 3) * p->out_ch;
    narrow.pairs = pairs;
    narrow.twice = 2 * p->zero_point + 1;
    for (int32_t batch = 0; batch < p->batches; batch++) {
        int32_t rows = 0;
        narrow.output = output;
        for (int32_t out_y = 0; out_y < p->out_h; out_y += rows) {
            const int32_t top = out_y * p->stride_h - p->pad_h;
            const int32_t more = p->in_h - p->below - top;
            const int8_t *x = input + top * width;
            rows = tfg_min(p->out_h - out_y, p->rows);
            if (p->pitch == width && top >= 0 && more >= 0) {
                rows = tfg_min(p->out_h - out_y, more / p->stride_h + 1);
            } else {
                take(p, input, top, rows, band);
                x = band;
            }
            windows(p, &narrow, scratch, x, rows);
        }
        if (p->max - p->min != 255) {
            tfg_limit(output, (int32_t)(narrow.output - output), p->min, p->max);
        }
        input += p->in_h * width;
        output = narrow.output;
    }
}
