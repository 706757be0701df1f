#include "tfg/tfg_depthwise_conv_2d_planes_s8.h"

#include "tfg_dsp.h"

enum { MOST = 64 }; /* outputs together where they are one row */

/* How a row of the kernel is taken apart: taps that are a stride apart meet inputs that lie side by side in a plane */
typedef struct {
    int32_t phases; /* planes of a row */
    int32_t taps;   /* of a phase, at most */
    int32_t halves; /* int16 of weights of a phase */
    int32_t line;   /* bytes of a plane */
    int16_t *weights;
    int8_t *ring; /* a row of planes for each row of the kernel */
    /* places and inputs that are a dilation apart and meet nothing else; without dilation all of them */
    int32_t in_h;
    int32_t in_w;
    int32_t out_h;
    int32_t out_w;
    int32_t pad_h;
    int32_t pad_w;
    int32_t down; /* bytes from row to row of the input */
    int32_t step; /* bytes from column to column */
} plan_t;

/*
 * Behind a ReLU (zero point -128) both roundings and the zero point are one addition, and a shift of 2..8 goes into the
 * weights: what is negative saturates however its halves are rounded. The weights' rows stand there once, and all but
 * the last once more: they begin at the one that the ring of inputs begins with.
 */
static TFG_COLD void prepare(const tfg_depthwise_conv_2d_planes_s8_t *p, const plan_t *plan, int32_t channel,
                             tfg_planes_t *run)
{
    int16_t *weights = plan->weights;
    const int8_t *filter = p->filter + channel;
    const tfg_folded_t folded = tfg_folded(p->bias, p->rare, channel);
    const int32_t shift = folded.shift;
    const int32_t far = 1 << 22; /* a bias that is nearer leaves room for 128 products and shift */
    const int32_t row = plan->phases * plan->halves;
    int32_t scale = 1;
    run->multiplier = p->multiplier[channel];
    run->shift = shift;
    if (p->zero_point == -128 && shift >= 2 && shift <= 8 && folded.bias < far && folded.bias > -far &&
        p->kernel_h * p->kernel_w <= 128) {
        scale = 10 - shift;
        run->addend = 512 + (256 >> shift) - (128 << 10);
    } else {
        run->multiplier |= INT32_MIN;
        run->addend = (int32_t)((uint32_t)(2 * p->zero_point + 1) << shift);
    }
    run->bias = folded.bias * (1 << scale);
    for (int32_t ky = p->kernel_h; ky > 0; ky--) {
        for (int32_t phase = 0; phase < plan->phases; phase++) {
            for (int32_t place = 0; place < plan->halves; place++) {
                const int32_t tap = phase + p->stride_w * ((place & ~3) | (place & 1) << 1 | (place >> 1 & 1));
                *weights++ = (int16_t)(tap < p->kernel_w ? filter[tap * p->out_ch] * (1 << scale) : 0);
            }
        }
        filter += p->kernel_w * p->out_ch;
    }
    uint32_t *more = (uint32_t *)(void *)weights;
    const uint32_t *once = more - p->kernel_h * row / 2;
    for (int32_t left = (p->kernel_h - 1) * row / 2; left > 0; left--) {
        *more++ = *once++;
    }
}

/* `count` inputs of one channel and row from column x on, a stride apart */
static TFG_NOINLINE void take(const tfg_depthwise_conv_2d_planes_s8_t *p, const plan_t *plan, const int8_t *row,
                              int32_t x, int32_t count, int8_t *to)
{
    const int32_t step = p->stride_w * plan->step;
    int8_t *const end = to + count;
    for (; x < 0 && to < end; x += p->stride_w) {
        *to++ = (int8_t)p->pad_value;
    }
    if (x < plan->in_w) {
        int32_t inside = tfg_min((plan->in_w - x + p->stride_w - 1) / p->stride_w, end - to);
        row += x * plan->step;
        if (step == 1) {
            to = tfg_copy_bytes(to, row, inside);
            inside = 0;
        }
        for (; inside >= 4; inside -= 4) {
            to[0] = row[0];
            to[1] = row[step];
            row += 2 * step;
            to[2] = row[0];
            to[3] = row[step];
            row += 2 * step;
            to += 4;
        }
        for (; inside > 0; inside--) {
            *to++ = *row;
            row += step;
        }
    }
    while (to < end) {
        *to++ = (int8_t)p->pad_value;
    }
}

/* Row y of a channel as planes */
static TFG_COLD void take_row(const tfg_depthwise_conv_2d_planes_s8_t *p, const plan_t *plan, const int8_t *input,
                              int32_t y, int32_t x, int32_t count, int8_t *to)
{
    if ((uint32_t)y < (uint32_t)plan->in_h) {
        const int8_t *row = input + y * plan->down;
        for (int32_t phase = plan->phases; phase > 0; phase--) {
            take(p, plan, row, x, count, to);
            to += plan->line;
            x++;
        }
    } else {
        const uint32_t pad = (uint8_t)p->pad_value * 0x01010101U;
        for (int32_t left = plan->phases * plan->line; left > 0; left -= 4) {
            tfg_store4(to, pad);
            to += 4;
        }
    }
}

/* A channel's outputs in columns first..first + count - 1 */
static TFG_COLD void columns(const tfg_depthwise_conv_2d_planes_s8_t *p, const plan_t *plan, const int8_t *input,
                             int8_t *output, int32_t first, int32_t count, tfg_planes_t *run)
{
    int32_t top = 0;  /* rows of padding counted from 0 */
    int32_t next = 0; /* that is taken next */
    for (int32_t out_y = plan->out_h; out_y > 0; out_y--) {
        const int32_t begun = top % p->kernel_h;
        for (next = tfg_max(next, top); next < top + p->kernel_h; next++) {
            take_row(p, plan, input, next - plan->pad_h, first * p->stride_w - plan->pad_w, count + plan->taps - 1,
                     plan->ring + next % p->kernel_h * plan->phases * plan->line);
        }
        run->x = plan->ring;
        run->weights = plan->weights + (begun > 0 ? p->kernel_h - begun : 0) * plan->phases * plan->halves;
        run->output = output;
        run->left = count;
        tfg_planes(run);
        output += p->dilation_h * p->out_w * p->out_ch;
        top += p->stride_h;
    }
}

/*
 * A channel's outputs. Where columns are dilated by d, every d-th output from column r on meets every d-th input from a
 * column on: a convolution without dilation. So with rows.
 */
TFG_ALWAYS_INLINE void channel_of(const tfg_depthwise_conv_2d_planes_s8_t *p, plan_t *plan, const int8_t *input,
                                  int8_t *output, int32_t most, tfg_planes_t *run)
{
    const int32_t high = p->dilation_h;
    const int32_t wide = p->dilation_w;
    for (int32_t y = 0; y < high; y++) {
        plan->pad_h = (p->pad_h - y + high - 1) / high;
        const int32_t top = y - p->pad_h + plan->pad_h * high; /* the first row of the input */
        plan->in_h = (p->in_h - top + high - 1) / high;
        plan->out_h = (p->out_h - y + high - 1) / high;
        for (int32_t x = 0; x < wide; x++) {
            plan->pad_w = (p->pad_w - x + wide - 1) / wide;
            const int32_t left = x - p->pad_w + plan->pad_w * wide;
            plan->in_w = (p->in_w - left + wide - 1) / wide;
            plan->out_w = (p->out_w - x + wide - 1) / wide;
            for (int32_t first = 0; first < plan->out_w; first += most) {
                columns(p, plan, input + (top * p->in_w + left) * (plan->step / wide),
                        output + (y * p->out_w + x) * p->out_ch + first * run->output_stride, first,
                        tfg_min(plan->out_w - first, most), run);
            }
        }
    }
}

TFG_COLD void tfg_depthwise_conv_2d_planes_s8(const tfg_depthwise_conv_2d_planes_s8_t *p, const int8_t *input,
                                              int8_t *output, int16_t *scratch)
{
    const int32_t in_ch = p->out_ch / p->depth_multiplier;
    const int32_t size = p->out_h * p->out_w * p->out_ch;
    int32_t most = (p->out_w + p->dilation_w - 1) / p->dilation_w; /* columns together */
    plan_t plan;
    tfg_planes_t run; /* member by member: an initializer would call memset */
    if (p->out_h <= p->dilation_h) {
        most = tfg_min(most, MOST);
    }
    plan.phases = tfg_min(p->stride_w, p->kernel_w);
    plan.taps = (p->kernel_w + p->stride_w - 1) / p->stride_w;
    plan.step = p->dilation_w * in_ch;
    plan.down = p->dilation_h * p->in_w * in_ch;
    run.rows = p->kernel_h * plan.phases;
    run.groups = (plan.taps + 2) / 4;
    run.single = plan.taps % 4 == 1;
    run.output_stride = p->dilation_w * p->out_ch;
    plan.halves = run.groups * 4 + run.single * 2;
    run.skip = (most + 3) & ~3;
    plan.line = run.skip + run.groups * 4;
    plan.weights = scratch;
    plan.ring = (int8_t *)(scratch + (2 * p->kernel_h - 1) * plan.phases * plan.halves);
    for (int32_t batch = 0; batch < p->batches; batch++) {
        for (int32_t channel = 0; channel < p->out_ch; channel++) {
            prepare(p, &plan, channel, &run);
            channel_of(p, &plan, input + channel / p->depth_multiplier, output + channel, most, &run);
        }
        if (p->max - p->min != 255) {
            tfg_limit(output, size, p->min, p->max);
        }
        input += p->in_h * p->in_w * in_ch;
        output += size;
    }
}
