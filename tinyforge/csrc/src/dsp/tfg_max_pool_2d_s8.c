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
    const int32_t step = p->channels;
    const int32_t line = p->in_w * step;
    const int32_t bounded = p->max - p->min != 255;
    int32_t channel = 0;
    for (; channel + 4 <= step; channel += 4) {
        const int8_t *row = corner + channel;
        uint32_t most = tfg_load4(row);
        for (int32_t y = 0; y < rows; y++) {
            const int8_t *at = row;
            for (int32_t x = 0; x < columns; x++) {
                most = max4(most, tfg_load4(at));
                at += step;
            }
            row += line;
        }
        tfg_store4(output + channel, most);
        if (bounded) {
            for (int32_t i = channel; i < channel + 4; i++) {
                output[i] = tfg_clamp_s8(output[i], p->min, p->max);
            }
        }
    }
    for (; channel < step; channel++) {
        int32_t most = INT8_MIN;
        for (int32_t y = 0; y < rows; y++) {
            for (int32_t x = 0; x < columns; x++) {
                most = tfg_max(most, corner[y * line + x * step + channel]);
            }
        }
        output[channel] = tfg_clamp_s8(most, p->min, p->max);
    }
}

void tfg_max_pool_2d_s8(const tfg_max_pool_2d_s8_t *p, const int8_t *input, int8_t *output)
{
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
        input += p->in_h * p->in_w * p->channels;
    }
}
