#include "tfg/tfg_conv_2d_narrow_s8.h"

#include "tfg_dsp.h"

/* Windows slot..3 into their places, the first of four in one row being at `top` and `left`, wherever they lie */
static TFG_COLD void take(const tfg_conv_2d_narrow_s8_t *p, const int8_t *input, int32_t top, int32_t left,
                          int32_t slot, int16_t *to)
{
    const int32_t width = p->in_w * p->in_ch;
    const int32_t stride = p->stride_w * p->in_ch;
    const int32_t row_pairs = p->pairs / p->kernel_h;
    const int32_t words = (row_pairs + 1) / 2; /* what is beyond a row meets weights of 0 */
    int8_t *const line = (int8_t *)(to + (p->pairs + 1) * 8);
    for (int32_t ky = p->kernel_h; ky > 0; ky--) {
        tfg_pad_row(line, input + top * width, top >= 0 && top < p->in_h ? width : 0, left * p->in_ch,
                    3 * stride + p->kernel_w * p->in_ch, p->pad_value);
        if (slot == 0) {
            tfg_expand_four(to, line, stride, words);
        }
        for (int32_t i = slot > 0 ? slot : 4; i < 4; i++) {
            tfg_expand(to + i * 2, line + i * stride, words);
        }
        to += row_pairs * 8;
        top += p->dilation_h;
    }
}

/* How many windows from that one on stand inside in its row, with the bytes that are read with the last one */
static TFG_NOINLINE int32_t inside(const tfg_conv_2d_narrow_s8_t *p, int32_t top, int32_t left)
{
    const int32_t bottom = top + (p->kernel_h - 1) * p->dilation_h;
    const int32_t last = (p->out_w - 1) * p->stride_w - p->pad_w; /* where the row's last window begins */
    int32_t reach = p->in_w - p->kernel_w;
    if (top < 0 || left < 0 || bottom >= p->in_h) {
        return 0;
    }
    if (bottom == p->in_h - 1) {
        reach -= ((-(p->kernel_w * p->in_ch) & 3) + p->in_ch - 1) / p->in_ch;
    }
    reach = tfg_min(reach, last) - left;
    return reach < 0 ? 0 : reach / p->stride_w + 1;
}

void tfg_conv_2d_narrow_s8(const tfg_conv_2d_narrow_s8_t *p, const int8_t *input, int8_t *output, int16_t *scratch)
{
    const int32_t size = p->out_h * p->out_w * p->out_ch;
    const int32_t row_pairs = p->pairs / p->kernel_h;
    const int32_t end = p->out_w * p->stride_w - p->pad_w;
    const int32_t down = p->dilation_h * p->in_w * p->in_ch;
    tfg_narrow_t narrow = {
        p->channels, output, 0, scratch, p->pairs, p->channels + (p->pairs + 3) * p->out_ch, 2 * p->zero_point + 1,
    };
    for (int32_t batch = 0; batch < p->batches; batch++) {
        int32_t top = -p->pad_h;
        int32_t left = -p->pad_w;
        int32_t places = p->out_h * p->out_w;
        while (places > 0) {
            int32_t fours = places < 4 ? 0 : inside(p, top, left) / 4;
            if (fours == 0) { /* at an edge; or one of the last ones, which come one by one */
                const int32_t count = places < 4 ? 1 : 4;
                for (int32_t slot = 0; slot < count;) {
                    const int32_t taken = tfg_min((end - left) / p->stride_w, count - slot);
                    take(p, input, top, left - slot * p->stride_w, slot, scratch);
                    slot += taken;
                    left += taken * p->stride_w;
                    if (left == end) {
                        left = -p->pad_w;
                        top += p->stride_h;
                    }
                }
                narrow.stride = count == 4 ? p->out_ch : 0;
                tfg_narrow(&narrow);
                narrow.output += count * p->out_ch;
                places -= count;
                continue;
            }
            narrow.stride = p->out_ch;
            for (; fours > 0; fours--) {
                const int8_t *window = input + (top * p->in_w + left) * p->in_ch;
                int16_t *to = scratch;
                for (int32_t ky = p->kernel_h; ky > 0; ky--) {
                    tfg_expand_four(to, window, p->stride_w * p->in_ch, (row_pairs + 1) / 2);
                    to += row_pairs * 8;
                    window += down;
                }
                tfg_narrow(&narrow);
                narrow.output += 4 * p->out_ch;
                left += 4 * p->stride_w;
                places -= 4;
            }
            if (left == end) {
                left = -p->pad_w;
                top += p->stride_h;
            }
        }
        if (p->max - p->min != 255) {
            tfg_limit(output, size, p->min, p->max);
        }
        input += p->in_h * p->in_w * p->in_ch;
        output += size;
    }
}
