#include "tfg/tfg_resize_bilinear_s8.h"

#include "../tfg_internal.h"

typedef struct {
    int32_t low; /* the neighbours */
    int32_t high;
    int32_t part; /* 1/1024 of the way from low to high; below 0 in front of the first */
} between_t;

static between_t between(int32_t at, int32_t size)
{
    between_t found;
    found.low = tfg_max(at / 1024, 0);
    found.high = tfg_min((at + 1023) / 1024, size - 1);
    found.part = at - found.low * 1024;
    return found;
}

void tfg_resize_bilinear_s8(const tfg_resize_bilinear_s8_t *p, const int8_t *input, int8_t *output)
{
    for (int32_t batch = 0; batch < p->batches; batch++) {
        for (int32_t out_y = 0; out_y < p->out_h; out_y++) {
            const between_t y = between(p->start_y + out_y * p->step_y, p->in_h);
            const int8_t *top = input + y.low * p->in_w * p->channels;
            const int8_t *bottom = input + y.high * p->in_w * p->channels;
            for (int32_t out_x = 0; out_x < p->out_w; out_x++) {
                const between_t x = between(p->start_x + out_x * p->step_x, p->in_w);
                const int32_t left = x.low * p->channels;
                const int32_t right = x.high * p->channels;
                for (int32_t c = 0; c < p->channels; c++) {
                    const int32_t upper = top[left + c] * (1024 - x.part) + top[right + c] * x.part;
                    const int32_t lower = bottom[left + c] * (1024 - x.part) + bottom[right + c] * x.part;
                    const int32_t sum = upper * (1024 - y.part) + lower * y.part;
                    *output++ = (int8_t)((sum + (sum > 0 ? 1 << 19 : -(1 << 19))) / (1 << 20));
                }
            }
        }
        input += p->in_h * p->in_w * p->channels;
    }
}
