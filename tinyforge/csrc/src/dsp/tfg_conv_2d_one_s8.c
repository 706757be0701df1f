#include "tfg/tfg_conv_2d_one_s8.h"

#include "tfg_dsp.h"

TFG_ALWAYS_INLINE int8_t rescaled(const tfg_conv_2d_one_s8_t *p, int32_t sum)
{
    if (p->shift < 0) {
        sum = tfg_requantize_shift(sum, p->multiplier, p->shift);
        return (int8_t)tfg_ssat8(tfg_add_wrap(sum, p->zero_point));
    }
    sum = tfg_smmulr(sum * 2, p->multiplier);
    sum += sum >> 31;
    sum += (int32_t)((uint32_t)(2 * p->zero_point + 1) << p->shift);
    return (int8_t)tfg_ssat8((sum >> p->shift) >> 1);
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

/* How many windows in the row of outputs stand inside, from the first one that does not begin before the row */
static TFG_NOINLINE int32_t windows_inside(const tfg_conv_2d_one_s8_t *p, int32_t top, int32_t left, int32_t places)
{
    const int32_t bottom = top + (p->kernel_h - 1) * p->dilation_h;
    int32_t reach = p->in_w - 1 - (p->kernel_w - 1) * p->dilation_w - left;
    if (top < 0 || left < 0 || bottom >= p->in_h) {
        return 0;
    }
    if (bottom == p->in_h - 1) { /* up to three bytes are read behind the last row */
        reach -= ((-run_of(p) & 3) + p->in_ch - 1) / p->in_ch;
    }
    return reach < 0 ? 0 : tfg_min(places, reach / p->stride_w + 1);
}

/* The sums of four windows that stand inside, the first at `x`; the second row of a dilated window and those below add */
static inline void four_windows(const tfg_conv_2d_one_s8_t *p, tfg_windows_t *windows, const int8_t *x, int32_t *sums)
{
    windows->x = x;
    windows->filter = p->filter;
    windows->bias = p->folded_bias;
    tfg_windows(windows, sums);
    if (p->dilation_w > 1) {
        windows->bias = 0;
        for (int32_t ky = p->kernel_h - 1; ky > 0; ky--) {
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

void tfg_conv_2d_one_s8(const tfg_conv_2d_one_s8_t *p, const int8_t *input, int8_t *output)
{
    const int32_t size = p->out_h * p->out_w;
    tfg_windows_t windows;
    windows.stride = p->stride_w * p->in_ch;
    windows.rows = p->kernel_h;
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
            int32_t places = p->out_w;
            /* whether four windows may be taken where fewer stand inside: the others reach into the next row of inputs */
            const int32_t more = top + (p->kernel_h - 1) * p->dilation_h < p->in_h - 1 && 3 * p->stride_w + 3 < p->in_w;
            while (places > 0) {
                int32_t inside = windows_inside(p, top, left, places);
                if (inside < (more ? 2 : 4)) {
                    const int32_t sum =
                        p->dilation_w == 1 ? window_of(p, input, top, left) : dilated_window(p, input, top, left);
                    *to++ = rescaled(p, sum);
                    left += p->stride_w;
                    places--;
                    continue;
                }
                for (; inside >= (more ? 2 : 4); inside -= 4) {
                    const int32_t count = tfg_min(inside, 4);
                    int32_t sums[4];
                    four_windows(p, &windows, input + (top * p->in_w + left) * p->in_ch, sums);
                    for (int32_t i = 0; i < count; i++) {
                        *to++ = rescaled(p, sums[i]);
                    }
                    left += count * p->stride_w;
                    places -= count;
                }
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
