#include "tfg/tfg_fully_connected_pairs_s8.h"

#include "../tfg_internal.h"

void tfg_fully_connected_pairs_s8(const tfg_fully_connected_pairs_s8_t *p, const int8_t *input, int8_t *output)
{
    for (int32_t batch = 0; batch < p->batches; batch++) {
        for (int32_t out = 0; out < p->out_len; out++) {
            const uint8_t *row = p->rows + out / 4 * p->in_len * 2 + out % 4;
            int32_t acc = p->bias[out];
            for (int32_t group = 0; group < p->in_len; group += 4) {
                const uint32_t even = p->pairs[row[0]];
                const uint32_t odd = p->pairs[row[4]];
                acc += input[group] * (int16_t)(even & 0xFFFF) + input[group + 2] * (int16_t)(even >> 16);
                acc += input[group + 1] * (int16_t)(odd & 0xFFFF) + input[group + 3] * (int16_t)(odd >> 16);
                row += 8;
            }
            const int32_t high = (int32_t)(((int64_t)acc * p->multiplier) >> 32);
            *output++ = tfg_clamp_s8((high + p->rounding) >> p->shift, p->min, p->max);
        }
        input += p->in_len;
    }
}
