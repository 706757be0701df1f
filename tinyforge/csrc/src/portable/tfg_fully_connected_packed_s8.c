#include "tfg/tfg_fully_connected_packed_s8.h"

#include "../tfg_internal.h"
#include "../tfg_packed.h"

void tfg_fully_connected_packed_s8(const tfg_fully_connected_packed_s8_t *p, const int8_t *input, int8_t *output)
{
    for (int32_t batch = 0; batch < p->batches; batch++) {
        const uint8_t *row = p->rows;
        for (int32_t out = 0; out < p->out_len; out++) {
            const int32_t channel = p->per_channel ? out : 0;
            const int32_t shift = p->shift[channel];
            const int32_t acc = p->bias[out] + tfg_packed_dot(p->form, &row, p->entries[out], p->book, input);
            const int32_t high = (int32_t)(((int64_t)acc * p->multiplier[channel]) >> 32);
            const int32_t rounded = (high + (1 << (shift - 1))) >> shift;
            *output++ = tfg_clamp_s8(rounded + p->zero_point, p->min, p->max);
        }
        input += p->in_len;
    }
}
