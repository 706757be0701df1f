/*
 * Convolutions from one channel to one, for the kernel whose parameters are a TFG_SINGLE and which calls TFG_SINGLE_ROWS. Before
 * it includes this it defines prepare, which sets what is its own of a tfg_single_rows_t.
 */
#ifndef TFG_SINGLE_H
#define TFG_SINGLE_H

#include "tfg_dsp.h"

static inline uint32_t padding_of(const TFG_SINGLE *p)
{
    return (uint8_t)p->pad_value * 0x01010101U;
}

/* Columns that the windows of so many outputs reach */
static inline int32_t reach_of(const TFG_SINGLE *p, int32_t columns)
{
    return (columns - 1) * p->stride_w + (p->kernel_w - 1) * p->dilation_w + 1;
}

/* What `rows` rows of windows reach from `top` and `left` on, with padding around it, to the scratch */
static TFG_COLD void take(const TFG_SINGLE *p, const int8_t *input, int32_t top, int32_t left, int32_t rows,
                          int8_t *scratch)
{
    const int32_t right = left + reach_of(p, p->columns);
    const int32_t from = tfg_max(left, 0);
    const int32_t count = tfg_min(p->in_w, right) - from;
    const int32_t end = top + (rows - 1) * p->stride_h + (p->kernel_h - 1) * p->dilation_h + 1;
    const int32_t bottom = tfg_min(end, p->in_h);
    if (top < 0 || left < 0 || end > p->in_h || right > p->in_w) {
        const uint32_t pad = padding_of(p);
        for (uint32_t *word = (uint32_t *)(void *)scratch, *last = word + p->scratch / 4; word < last; word += 8) {
            word[0] = word[1] = word[2] = word[3] = pad;
            word[4] = word[5] = word[6] = word[7] = pad;
        }
    }
    scratch += from - left;
    if (top < 0) {
        scratch -= top * p->pitch;
        top = 0;
    }
    if (top < bottom && count > 0) {
        tfg_copy_rows(scratch, input + top * p->in_w + from, count, bottom - top, p->pitch - count, p->in_w - count);
    }
}

/* How many rows of windows from `top` on may be read where they lie, with what is read behind them */
static inline int32_t rows_inside(const TFG_SINGLE *p, int32_t top)
{
    const int32_t more = p->in_h - p->below - top;
    const int32_t together = p->pitch == p->in_w && p->columns == p->out_w;
    return together && top >= 0 && more >= 0 ? more / p->stride_h + 1 : 0;
}

static TFG_COLD void image(const TFG_SINGLE *p, const int8_t *input, int8_t *output, int8_t *scratch)
{
    tfg_single_rows_t work; /* member by member: an initializer would call memset */
    work.taps = p->taps;
    work.singles = p->taps + 3 * p->fours;
    work.end = work.singles + p->singles;
    work.stride = p->stride_w;
    work.bias[0] = work.bias[1] = work.bias[2] = work.bias[3] = p->bias;
    work.multiplier = p->multiplier;
    work.addend = p->addend;
    work.shift = p->shift;
    work.output = output;
    work.down = p->stride_h * p->pitch;
    prepare(&work, p);
    for (int32_t first = 0; first < p->out_w; first += p->columns) {
        int32_t rows = 0;
        work.columns = tfg_min(p->out_w - first, p->columns);
        for (int32_t out_y = 0; out_y < p->out_h; out_y += rows) {
            const int32_t top = out_y * p->stride_h - p->pad_h;
            const int32_t left = p->out_h - out_y;
            rows = tfg_min(rows_inside(p, top), left);
            work.x = input + top * p->in_w;
            if (rows == 0) {
                rows = tfg_min(p->rows, left);
                take(p, input, top, first * p->stride_w - p->pad_w, rows, scratch);
                work.x = scratch;
            }
            work.left = work.columns;
            work.row = work.x;
            work.rows = rows;
            TFG_SINGLE_ROWS(&work);
            work.output += rows * work.columns;
        }
    }
}

#endif /* TFG_SINGLE_H */
