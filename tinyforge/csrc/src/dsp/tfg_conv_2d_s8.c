#include "tfg/tfg_conv_2d_s8.h"

#include "tfg_dsp.h"

static TFG_COLD int8_t *fill(int8_t *to, int32_t value, int32_t count)
{
    int8_t *const end = to + count;
    for (; to < end; to += 4) { /* up to three bytes behind are written over, or are spare */
        tfg_store4(to, (uint8_t)value * 0x01010101U);
    }
    return end;
}

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

/* `columns` columns of row y from column `left` on, wherever they lie, with padding where nothing is */
static TFG_COLD void pad_row(const tfg_conv_2d_s8_t *p, const int8_t *input, int32_t y, int32_t left, int32_t columns,
                             int8_t *line)
{
    const int32_t width = y >= 0 && y < p->in_h ? p->in_w : 0;
    const int32_t from = tfg_min(tfg_max(-left, 0), columns);
    const int32_t end = tfg_max(tfg_min(width - left, columns), from);
    line = fill(line, p->pad_value, from * p->in_ch);
    line = copy(line, input + (y * p->in_w + left + from) * p->in_ch, (end - from) * p->in_ch);
    fill(line, p->pad_value, (columns - end) * p->in_ch);
}

/* What is the same for all windows */
typedef struct {
    int32_t run;   /* bytes of a window that lie side by side */
    int32_t runs;  /* of a row */
    int32_t apart; /* bytes from run to run, and from row to row */
    int32_t down;
    int32_t columns; /* that four windows side by side reach */
    int32_t reach;   /* those, and what is read behind them */
    int32_t spacing; /* from window to window in `bytes` */
    int16_t *places;
    int8_t *bytes; /* the windows, where `run` is no multiple of 4 */
    int8_t *line;  /* what they reach of a row of the input */
} plan_t;

/* What lies side by side of windows slot..3, `stride` bytes apart, behind `done` bytes of each */
static TFG_NOINLINE void take_some(const plan_t *plan, const int8_t *from, int32_t done, int32_t slot, int32_t stride)
{
    from += slot * stride;
    for (; slot < 4; slot++) {
        if (plan->run % 4 == 0) {
            tfg_expand(plan->places + done * 4 + slot * 2, from, plan->run / 4);
        } else {
            copy(plan->bytes + done + slot * plan->spacing, from, plan->run);
        }
        from += stride;
    }
}

/*
 * Windows slot..3 into their places, the first of four that lie in one row being at `top` and `left`; `stride` bytes
 * apart. What lies behind a window meets weights that are 0.
 */
static TFG_NOINLINE void take(const tfg_conv_2d_s8_t *p, const plan_t *plan, const int8_t *input, int32_t top,
                              int32_t left, int32_t slot, int32_t stride)
{
    const int32_t height = left >= 0 && left + plan->reach <= p->in_w ? p->in_h : 0; /* of rows taken as they are */
    const int8_t *row = input + (top * p->in_w + left) * p->in_ch;
    int32_t done = 0;
    for (int32_t ky = p->kernel_h; ky > 0; ky--) {
        const int8_t *from = row;
        if ((uint32_t)top >= (uint32_t)height) {
            pad_row(p, input, top, left, plan->columns, plan->line);
            from = plan->line;
        }
        for (int32_t kx = plan->runs; kx > 0; kx--) {
            if (slot > 0) {
                take_some(plan, from, done, slot, stride);
            } else if (plan->run % 4 == 0) {
                tfg_expand_four(plan->places + done * 4, from, stride, plan->run / 4);
            } else {
                tfg_copy_four(from, stride, plan->bytes + done, plan->spacing, plan->run);
            }
            done += plan->run;
            from += plan->apart;
        }
        top += p->dilation_h;
        row += plan->down;
    }
}

TFG_COLD void tfg_conv_2d_s8(const tfg_conv_2d_s8_t *p, const int8_t *input, int8_t *output, int16_t *scratch)
{
    const tfg_channels_t channels = {p->filter, p->bias,       p->multiplier, p->rare, p->out_ch,
                                     p->groups, p->zero_point, p->min,        p->max};
    plan_t plan;
    plan.places = scratch;
    plan.bytes = plan.line = (int8_t *)(scratch + p->groups * 16);
    plan.spacing = p->groups * 4 + 4;
    plan.apart = p->dilation_w * p->in_ch;
    plan.down = p->dilation_h * p->in_w * p->in_ch;
    plan.run = p->in_ch;
    plan.runs = p->kernel_w;
    if (p->dilation_w == 1) {
        plan.run *= p->kernel_w;
        plan.runs = 1;
    }
    plan.columns = plan.reach = 3 * p->stride_w + (p->kernel_w - 1) * p->dilation_w + 1;
    if (plan.run % 4 != 0) {
        plan.line += 4 * plan.spacing;
        plan.reach += p->in_ch < 3 ? 3 : 1;
    }
    for (int32_t batch = 0; batch < p->batches; batch++) {
        int32_t top = -p->pad_h;
        int32_t column = 0;
        int32_t count = 4;
        for (int32_t places = p->out_h * p->out_w; places > 0; places -= count) {
            if (places < 4) {
                count = places == 1 ? 1 : 2;
            }
            const int32_t stride = count == 1 ? 0 : p->stride_w * p->in_ch; /* one place stands there twice */
            for (int32_t slot = 0; slot < count;) {
                take(p, &plan, input, top, (column - slot) * p->stride_w - p->pad_w, slot, stride);
                const int32_t taken = tfg_min(p->out_w - column, count - slot);
                slot += taken;
                column += taken;
                if (column == p->out_w) {
                    column = 0;
                    top += p->stride_h;
                }
            }
            if (plan.run % 4 != 0) {
                tfg_expand_four(scratch, plan.bytes, plan.spacing, p->groups);
            }
            tfg_channels(&channels, scratch, count, output);
            output += p->out_ch * count;
        }
        input += p->in_h * p->in_w * p->in_ch;
    }
}
