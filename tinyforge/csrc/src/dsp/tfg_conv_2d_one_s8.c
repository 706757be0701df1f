#include "tfg/tfg_conv_2d_one_s8.h"

#include "tfg_dsp.h"

/* `count` > 0 sums to outputs, whose end it returns */
static TFG_NOINLINE int8_t *put(const tfg_conv_2d_one_s8_t *p, const int32_t *sums, int32_t count, int8_t *to)
{
    const int32_t multiplier = p->multiplier;
    const int32_t shift = p->shift;
    int8_t *const end = to + count;
    if (shift < 0) {
        while (to < end) {
            const int32_t sum = tfg_requantize_shift(*sums++, multiplier, shift);
            *to++ = (int8_t)tfg_ssat8(tfg_add_wrap(sum, p->zero_point));
        }
        return end;
    }
    const int32_t rounding = (int32_t)((uint32_t)(2 * p->zero_point + 1) << shift);
    do { /* a sum's sign is its product's, or that is 0 and the sign no matter */
        const int32_t sum = *sums++ * 2;
        const int32_t product = tfg_smmlar(sum, multiplier, rounding) + (sum >> 31);
        *to++ = (int8_t)tfg_ssat8((product >> shift) >> 1);
    } while (to < end);
    return end;
}

/* Bytes of a row of the kernel that lie side by side; without dilation the whole row does */
static inline int32_t run_of(const tfg_conv_2d_one_s8_t *p)
{
    return p->dilation_w == 1 ? p->kernel_w * p->in_ch : p->in_ch;
}

/* The sum of one window whose columns are dilated; what is outside adds nothing */
static TFG_NOINLINE int32_t dilated_window(const tfg_conv_2d_one_s8_t *p, const int8_t *input, int32_t top,
                                           int32_t left)
{
    const int32_t run = (p->in_ch + 3) & ~3;
    const int8_t *filter = p->filter;
    int32_t sum = p->bias;
    input += top * p->in_w * p->in_ch;
    for (int32_t ky = p->kernel_h; ky > 0; ky--) {
        int32_t x = (uint32_t)top < (uint32_t)p->in_h ? left : p->in_w;
        for (int32_t kx = p->kernel_w; kx > 0; kx--) {
            if ((uint32_t)x < (uint32_t)p->in_w) {
                sum += tfg_dot(input + x * p->in_ch, filter, p->in_ch, p->pad_value);
            }
            filter += run;
            TFG_IN_REGISTER(filter); /* not computed again behind the row, which takes a place on the stack */
            x += p->dilation_w;
        }
        top += p->dilation_h;
        input += p->dilation_h * p->in_w * p->in_ch;
    }
    return sum;
}

/* The sum of one window whose columns lie side by side; what is outside adds nothing */
static TFG_NOINLINE int32_t window_of(const tfg_conv_2d_one_s8_t *p, const int8_t *input, int32_t top, int32_t left)
{
    const int32_t row = (p->kernel_w * p->in_ch + 3) & ~3;
    const int32_t first = tfg_max(-left, 0);
    const int32_t count = (tfg_min(p->in_w - left, p->kernel_w) - first) * p->in_ch;
    const int8_t *filter = p->filter + first * p->in_ch;
    int32_t sum = p->bias;
    for (int32_t ky = p->kernel_h; ky > 0; ky--) {
        if (top >= 0 && top < p->in_h) {
            sum += tfg_dot(input + (top * p->in_w + left + first) * p->in_ch, filter, count, p->pad_value);
        }
        filter += row;
        top += p->dilation_h;
    }
    return sum;
}

/* A row of outputs: what of the kernel's rows lies inside */
typedef struct {
    int32_t top;    /* the first of those rows of the input */
    int32_t bottom; /* and the last */
    int32_t places; /* outputs left */
    int32_t bias;   /* for inputs as they are */
    const int8_t *filter;
} row_t;

/* How many windows of the row have all their columns inside, from the first one that does not begin before it */
static TFG_NOINLINE int32_t windows_inside(const tfg_conv_2d_one_s8_t *p, const row_t *row, int32_t left)
{
    int32_t reach = p->in_w - 1 - (p->kernel_w - 1) * p->dilation_w - left;
    if (left < 0 || row->top > row->bottom) {
        return 0;
    }
    if (row->bottom == p->in_h - 1) { /* up to three bytes are read behind the last row */
        reach -= ((-run_of(p) & 3) + p->in_ch - 1) / p->in_ch;
    }
    return reach < 0 ? 0 : tfg_min(row->places, reach / p->stride_w + 1);
}

/* The sums of four windows, the first at `left`; the second row of a dilated window and those below add */
static inline void four_windows(const tfg_conv_2d_one_s8_t *p, tfg_windows_t *windows, const row_t *row,
                                const int8_t *x, int32_t *sums)
{
    windows->x = x;
    windows->filter = row->filter;
    windows->bias = row->bias;
    tfg_windows(windows, sums);
    if (p->dilation_w > 1) {
        windows->bias = 0;
        for (int32_t y = row->top + p->dilation_h; y <= row->bottom; y += p->dilation_h) {
            int32_t more[4];
            windows->x += p->dilation_h * p->in_w * p->in_ch;
            windows->filter += windows->rows * windows->words * 4;
            tfg_windows(windows, more);
            for (int32_t i = 0; i < 4; i++) {
                sums[i] += more[i];
            }
        }
    }
}

/* Padding above and below is in the bias: the kernel's rows there are left out */
static TFG_NOINLINE void begin_row(const tfg_conv_2d_one_s8_t *p, tfg_windows_t *windows, row_t *row, int32_t top)
{
    const int32_t line = (run_of(p) + 3) / 4 * 4 * (p->dilation_w > 1 ? p->kernel_w : 1);
    int32_t rows = p->kernel_h;
    row->bias = p->folded_bias;
    row->places = p->out_w;
    row->filter = p->filter;
    row->bottom = top + (rows - 1) * p->dilation_h;
    for (const int32_t *pad = p->pads; rows > 0 && top < 0; rows--) {
        row->bias += *pad++;
        row->filter += line;
        top += p->dilation_h;
    }
    for (const int32_t *pad = p->pads + p->kernel_h; rows > 0 && row->bottom >= p->in_h; rows--) {
        row->bias += *--pad;
        row->bottom -= p->dilation_h;
    }
    row->top = top;
    if (p->dilation_w == 1) {
        windows->rows = rows;
    }
}

void tfg_conv_2d_one_s8(const tfg_conv_2d_one_s8_t *p, const int8_t *input, int8_t *output)
{
    const int32_t size = p->out_h * p->out_w;
    tfg_windows_t windows;
    row_t row;
    windows.stride = p->stride_w * p->in_ch;
    windows.words = (run_of(p) + 3) / 4;
    windows.skip = p->dilation_h * p->in_w * p->in_ch - windows.words * 4;
    if (p->dilation_w > 1) {
        windows.rows = p->kernel_w;
        windows.skip = p->dilation_w * p->in_ch - windows.words * 4;
    }
    for (int32_t batch = 0; batch < p->batches; batch++) {
        int8_t *to = output;
        int32_t top = -p->pad_h;
        for (int32_t out_y = p->out_h; out_y > 0; out_y--) {
            int32_t left = -p->pad_w;
            begin_row(p, &windows, &row, top);
            while (row.places > 0) {
                int32_t inside = windows_inside(p, &row, left);
                int32_t before = 4 - inside; /* windows that are taken again, so that there are four */
                if (before > 0 && (inside == 0 || before * p->stride_w > left)) {
                    before = 0; /* or windows that reach into the next row of inputs */
                    if (inside < 2 || row.bottom == p->in_h - 1 || 3 * p->stride_w + 3 >= p->in_w) {
                        const int32_t sum =
                            p->dilation_w == 1 ? window_of(p, input, top, left) : dilated_window(p, input, top, left);
                        to = put(p, &sum, 1, to);
                        left += p->stride_w;
                        row.places--;
                        continue;
                    }
                }
                before = tfg_max(before, 0);
                do {
                    const int32_t count = tfg_min(inside, 4);
                    const int8_t *x = input + (row.top * p->in_w + left - before * p->stride_w) * p->in_ch;
                    int32_t sums[4];
                    four_windows(p, &windows, &row, x, sums);
                    to = put(p, sums + before, count, to);
                    left += count * p->stride_w;
                    row.places -= count;
                    inside -= count;
                } while (inside >= 4);
            }
            top += p->stride_h;
        }
        if (p->max - p->min != 255) {
            tfg_limit(output, size, p->min, p->max);
        }
        input += p->in_h * p->in_w * p->in_ch;
        output += size;
    }
}
