#include "tfg/tfg_conv_2d_pool_s8.h"

#include "tfg_dsp.h"

/* What is the same for all squares of two by two windows */
typedef struct {
    int32_t run;   /* bytes of a window that lie side by side */
    int32_t runs;  /* of a row */
    int32_t apart; /* bytes from run to run */
    int32_t right; /* from window to window, and from row to row */
    int32_t row;
    int32_t length;  /* bytes that both windows of a row reach */
    int32_t reach;   /* columns of those */
    int32_t behind;  /* columns that are read behind them */
    int32_t spacing; /* from window to window in `bytes`, from line to line */
    int32_t line;
    int16_t *places;
    int8_t *bytes; /* the windows, where `run` is no multiple of 4 */
    int8_t *lines; /* what the windows reach of two rows of the input */
} plan_t;

/* What the windows reach of one row, with padding where nothing is */
static void take_line(const tfg_conv_2d_pool_s8_t *p, const plan_t *plan, const int8_t *input, int32_t y, int32_t left,
                      int8_t *line)
{
    const int32_t there = (uint32_t)y < (uint32_t)p->in_h;
    tfg_pad_row(line, there ? input + y * plan->row : input, there ? plan->row : 0, left * p->in_ch, plan->length,
                p->pad_value);
}

/* The square whose first window is at `top` and `left`; what lies behind a window meets weights that are 0 */
static void take_square(const tfg_conv_2d_pool_s8_t *p, const plan_t *plan, const int8_t *input, int32_t top,
                        int32_t left)
{
    const int32_t spare = p->in_w - left - plan->reach;
    /* rows taken as they are: but for the last one, what is read behind them is the next row, if that is long enough */
    const int32_t height = left < 0 || spare < 0   ? 0
                           : spare >= plan->behind ? p->in_h
                           : plan->row < 3         ? 0
                                                   : p->in_h - 1;
    int32_t done = 0;
    for (int32_t ky = p->kernel_h; ky > 0; ky--) {
        const int8_t *from = input + top * plan->row + left * p->in_ch;
        int32_t down = p->stride_h * plan->row;
        if (top < 0 || top + p->stride_h >= height) {
            take_line(p, plan, input, top, left, plan->lines);
            take_line(p, plan, input, top + p->stride_h, left, plan->lines + plan->line);
            from = plan->lines;
            down = plan->line;
        }
        for (int32_t kx = plan->runs; kx > 0; kx--) {
            if (plan->run % 4 == 0) {
                tfg_expand_square(plan->places + done * 4, from, plan->right, down, plan->run / 4);
            } else {
                tfg_copy_square(from, plan->right, plan->bytes + done, plan->spacing, plan->run, down);
            }
            done += plan->run;
            from += plan->apart;
        }
        top += p->dilation_h;
    }
    if (plan->run % 4 != 0) {
        tfg_expand_four(plan->places, plan->bytes, plan->spacing, p->groups);
    }
}

TFG_COLD void tfg_conv_2d_pool_s8(const tfg_conv_2d_pool_s8_t *p, const int8_t *input, int8_t *output, int16_t *scratch)
{
    tfg_pool_tiles_t tiles = {
        scratch, scratch + p->groups * 16, p->multiplier, p->bias,   output, TFG_POOL_FOUR,
        0,       2 * p->zero_point + 1,    p->out_ch,     p->filter,
    };
    plan_t plan;
    plan.places = scratch;
    plan.bytes = plan.lines = (int8_t *)(scratch + p->groups * 16);
    plan.spacing = p->groups * 4 + 4;
    plan.apart = p->dilation_w * p->in_ch;
    plan.right = p->stride_w * p->in_ch;
    plan.row = p->in_w * p->in_ch;
    plan.run = p->in_ch;
    plan.runs = p->kernel_w;
    if (p->dilation_w == 1) {
        plan.run *= p->kernel_w;
        plan.runs = 1;
    }
    plan.reach = p->stride_w + (p->kernel_w - 1) * p->dilation_w + 1;
    plan.length = plan.reach * p->in_ch;
    plan.line = (plan.length + 3) / 4 * 4 + 4;
    plan.behind = 0;
    if (plan.run % 4 != 0) {
        plan.lines += 4 * plan.spacing;
        plan.behind = p->in_ch < 3 ? 3 : 1;
    }
    for (int32_t batch = 0; batch < p->batches; batch++) {
        int32_t top = -p->pad_h;
        for (int32_t y = p->out_h; y > 0; y--) {
            int32_t left = -p->pad_w;
            for (int32_t x = p->out_w; x > 0; x--) {
                take_square(p, &plan, input, top, left);
                tfg_pool_tiles(&tiles);
                tiles.output += p->out_ch;
                left += 2 * p->stride_w;
            }
            top += 2 * p->stride_h;
        }
        input += p->in_h * plan.row;
    }
    if (p->max - p->min != 255) {
        tfg_limit(output, (int32_t)(tiles.output - output), p->min, p->max);
    }
}
