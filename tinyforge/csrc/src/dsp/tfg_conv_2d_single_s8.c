#include "tfg/tfg_conv_2d_single_s8.h"

#include "tfg_dsp.h"

#define TFG_SINGLE      tfg_conv_2d_single_s8_t
#define TFG_SINGLE_ROWS tfg_single_rows

static inline void prepare(tfg_single_rows_t *work, const TFG_SINGLE *p)
{
    work->threes = work->singles + p->singles / 3 * 3;
}

#include "tfg_single.h"

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
        to = scratch + x - left;
        x = tfg_min(p->in_w - x, end - to);
        if (x > 0) {
            tfg_copy_rows(to, input + tfg_max(left, 0), x, 1, 0, 0);
            to += x;
        }
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
            tfg_copy_rows(output, scratch + 16, count, 1, 0, 0);
        }
        output += count;
        left += count;
    }
}

TFG_COLD void tfg_conv_2d_single_s8(const tfg_conv_2d_single_s8_t *p, const int8_t *input, int8_t *output,
                                    int8_t *scratch)
{
    const int32_t size = p->out_h * p->out_w;
    /* fours from the second on and one tap more, or none; all of them side by side */
    const int32_t few = p->out_h * p->kernel_h == 1 && (uint32_t)(p->fours - 1) < 2;
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
