#include "tfg/tfg_conv_2d_single_s8.h"

#include "tfg_dsp.h"

static TFG_NOINLINE int8_t *copy(int8_t *to, const int8_t *from, int32_t count)
{
    for (; count >= 8; count -= 8) {
        const uint32_t first = tfg_load4(from);
        const uint32_t second = tfg_load4(from + 4);
        tfg_store4(to, first);
        tfg_store4(to + 4, second);
        from += 8;
        to += 8;
    }
    if (count >= 4) {
        tfg_store4(to, tfg_load4(from));
        from += 4;
        to += 4;
        count -= 4;
    }
    for (; count > 0; count--) {
        *to++ = *from++;
    }
    return to;
}

static inline uint32_t padding_of(const tfg_conv_2d_single_s8_t *p)
{
    return (uint8_t)p->pad_value * 0x01010101U;
}

/* Columns that the windows of so many outputs reach */
static inline int32_t reach_of(const tfg_conv_2d_single_s8_t *p, int32_t columns)
{
    return (columns - 1) * p->stride_w + (p->kernel_w - 1) * p->dilation_w + 1;
}

/* One kernel row of few taps side by side, one row of outputs */
static TFG_COLD void line(const tfg_conv_2d_single_s8_t *p, const int8_t *input, int8_t *output, int8_t *scratch)
{
    const uint32_t pad = padding_of(p);
    int32_t left = -p->pad_w;
    tfg_single_row_t row;
    row.x = scratch;
    row.bias = p->bias;
    row.taps = p->taps;
    row.fours = p->fours;
    row.singles = p->singles;
    row.multiplier = p->multiplier;
    row.addend = p->addend;
    row.shift = p->shift;
    for (int32_t places = p->out_w; places > 0; places -= p->columns) {
        const int32_t count = tfg_min(places, p->columns);
        int8_t *to = scratch;
        int8_t *const end = scratch + count + p->kernel_w - 1;
        int32_t x = left;
        for (; x < 0; x += 4) { /* what is beside the padding is written behind it */
            tfg_store4(to, pad);
            to += 4;
        }
        x = tfg_max(left, 0);
        to = copy(scratch + x - left, input + x, tfg_min(p->in_w - x, end - scratch + left - x));
        for (; to < end; to += 4) {
            tfg_store4(to, pad);
        }
        if (count >= 4) {
            row.output = output;
            row.outputs = count;
            tfg_single_row(&row);
        } else { /* behind what is read */
            row.output = scratch + 16;
            row.outputs = 4;
            tfg_single_row(&row);
            copy(output, scratch + 16, count);
        }
        output += count;
        left += count;
    }
}

/* What `rows` rows of windows reach from `top` and `left` on, with padding around it, to the scratch */
static TFG_COLD void take(const tfg_conv_2d_single_s8_t *p, const int8_t *input, int32_t top, int32_t left,
                          int32_t rows, int8_t *scratch)
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
    input += top * p->in_w + from;
    for (; top < bottom; top++) {
        copy(scratch, input, count);
        scratch += p->pitch;
        input += p->in_w;
    }
}

/* How many rows of windows from `top` on may be read where they lie, with what is read behind them */
static inline int32_t rows_inside(const tfg_conv_2d_single_s8_t *p, int32_t top)
{
    if (p->pitch != p->in_w || p->columns != p->out_w || top < 0) {
        return 0;
    }
    const int32_t last = (p->in_h - (p->kernel_h - 1) * p->dilation_h - top) * p->in_w - 8 -
                         reach_of(p, (p->out_w + 3) & ~3); /* where the last row of windows may begin, at most */
    return last < 0 ? 0 : last / p->in_w / p->stride_h + 1;
}

static TFG_COLD void image(const tfg_conv_2d_single_s8_t *p, const int8_t *input, int8_t *output, int8_t *scratch)
{
    tfg_single_rows_t work; /* member by member: an initializer would call memset */
    work.taps = p->taps;
    work.singles = p->taps + 3 * p->fours;
    work.stride = p->stride_w;
    work.bias[0] = work.bias[1] = work.bias[2] = work.bias[3] = p->bias;
    work.threes = work.singles + p->singles / 3 * 3;
    work.end = work.singles + p->singles;
    work.multiplier = p->multiplier;
    work.addend = p->addend;
    work.shift = p->shift;
    work.output = output;
    work.down = p->stride_h * p->pitch;
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
            tfg_single_rows(&work);
            work.output += rows * work.columns;
        }
    }
}

TFG_COLD void tfg_conv_2d_single_s8(const tfg_conv_2d_single_s8_t *p, const int8_t *input, int8_t *output,
                                    int8_t *scratch)
{
    const int32_t size = p->out_h * p->out_w;
    /* fours from the second on and one tap more, or none; all of them side by side */
    const int32_t few = p->out_h * p->kernel_h * p->stride_w == 1 && (uint32_t)(p->fours - 1) < 2;
    for (int32_t batch = 0; batch < p->batches; batch++) {
        if (few) {
            line(p, input, output, scratch);
        } else {
            image(p, input, output, scratch);
        }
        if (p->max - p->min != 255) {
            tfg_limit(output, size, p->min, p->max);
        }
        input += p->in_h * p->in_w;
        output += size;
    }
}
