#include "tfg/tfg_fully_connected_indexed_s8.h"

#include "../tfg_internal.h"

void tfg_fully_connected_indexed_s8(const tfg_fully_connected_indexed_s8_t *p, const int8_t *input, int8_t *output)
{
    for (int32_t batch = 0; batch < p->batches; batch++) {
        for (int32_t out = 0; out < p->out_len; out++) {
            const uint8_t *row = p->rows + out / 4 * p->in_len * 2 + out % 4;
            int32_t acc = p->bias[out];
            for (int32_t tap = 0; tap < p->in_len; tap += 2) {
                acc += input[tap] * p->book[*row & 15] + input[tap + 1] * p->book[*row >> 4];
                row += 4;
            }
            const int32_t high = (int32_t)(((int64_t)acc * p->multiplier) >> 32);
            *output++ = tfg_clamp_s8((high + p->rounding) >> p->shift, p->min, p->max);
        }
        input += p->in_len;
    }
}
