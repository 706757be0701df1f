#include "tfg/tfg_max_pool_2d_s8.h"

#include "tfg_dsp.h"

/* Greatest of each of four signed bytes: SSUB8 sets GE where a >= b, SEL takes a there */
static inline uint32_t max4(uint32_t a, uint32_t b)
{
    uint32_t result;
    __asm__("ssub8 %0, %1, %2\n\tsel %0, %1, %2" : "=&r"(result) : "r"(a), "r"(b));
    return result;
}

static void window(const tfg_max_pool_2d_s8_t *p, const int8_t *corner, int32_t rows, int32_t columns, int8_t *output)
{
    const int32_t channels = p->channels;
    int32_t step = channels;
    int32_t line = p->in_w * step;
    if (columns == 1) { /* one column is a row, with another step */
        columns = rows;
        rows = 1;
        step = line;
    }
    line -= columns * step;
    int32_t channel = 0;
    for (; channel + 4 <= channels; channel += 4) {
        const int8_t *at = corner + channel;
        uint32_t most = 0x80808080U;
        int32_t y = rows;
        do {
            int32_t x = columns;
            do {
                most = max4(most, tfg_load4(at));
                at += step;
            } while (--x > 0);
            at += line;
        } while (--y > 0);
        tfg_store4(output + channel, most);
    }
    for (; channel < channels; channel++) {
        const int8_t *at = corner + channel;
        int32_t most = INT8_MIN;
        for (int32_t y = rows; y > 0; y--) {
            for (int32_t x = columns; x > 0; x--) {
                most = tfg_max(most, *at);
                at += step;
            }
            at += line;
        }
        output[channel] = (int8_t)most;
    }
}

void tfg_max_pool_2d_s8(const tfg_max_pool_2d_s8_t *p, const int8_t *input, int8_t *output)
{
    const int32_t size = p->out_h * p->out_w * p->channels;
    for (int32_t batch = 0; batch < p->batches; batch++) {
        for (int32_t out_y = 0; out_y < p->out_h; out_y++) {
            const int32_t top = out_y * p->stride_h - p->pad_h;
            const int32_t y_first = tfg_max(0, top);
            const int32_t y_end = tfg_min(p->in_h, top + p->kernel_h);
            for (int32_t out_x = 0; out_x < p->out_w; out_x++) {
                const int32_t left = out_x * p->stride_w - p->pad_w;
                const int32_t x_first = tfg_max(0, left);
                const int32_t x_end = tfg_min(p->in_w, left + p->kernel_w);
                window(p, input + (y_first * p->in_w + x_first) * p->channels, y_end - y_first, x_end - x_first,
                       output);
                output += p->channels;
            }
        }
        if (p->max - p->min != 255) {
            tfg_limit(output - size, size, p->min, p->max);
        }
        input += p->in_h * p->in_w * p->channels;
    }
}
