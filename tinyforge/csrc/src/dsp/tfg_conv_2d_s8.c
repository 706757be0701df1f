#include "tfg/tfg_conv_2d_s8.h"

#include "tfg_dsp.h"

/* What is the same for all windows */
typedef struct {
    int32_t run;   /* bytes of a window that lie side by side */
    int32_t runs;  /* of a row */
    int32_t apart; /* bytes from run to run, and from row to row */
    int32_t down;
    int32_t length;  /* bytes that four windows side by side reach */
    int32_t reach;   /* columns of those, 4 or more */
    int32_t height;  /* rows of the input behind whose windows some bytes more may be read */
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
            tfg_copy_bytes(plan->bytes + done + slot * plan->spacing, from, plan->run);
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
    const int32_t height =
        left >= 0 && left + plan->reach <= p->in_w ? plan->height : 0; /* of rows taken as they are */
    const int32_t start = left * p->in_ch;
    const int8_t *row = input + top * p->in_w * p->in_ch;
    int32_t done = 0;
    for (int32_t ky = p->kernel_h; ky > 0; ky--) {
        const int8_t *from = row + start;
        if ((uint32_t)top >= (uint32_t)height) {
            const int32_t width = (uint32_t)top < (uint32_t)p->in_h ? p->in_w * p->in_ch : 0;
            tfg_pad_row(plan->line, row, width, start, plan->length, p->pad_value);
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
    plan.reach = 3 * p->stride_w + (p->kernel_w - 1) * p->dilation_w + 1;
    plan.length = plan.reach * p->in_ch;
    plan.height = p->in_h;
    if (plan.run % 4 != 0) {
        plan.line += 4 * plan.spacing;
        plan.height--;
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
