#include "tfg/tfg_fully_connected_one_s8.h"

#include "../tfg_internal.h"

void tfg_fully_connected_one_s8(const tfg_fully_connected_one_s8_t *p, const int8_t *input, int8_t *output)
{
    for (int32_t batch = 0; batch < p->batches; batch++) {
        const int16_t *filter = p->filter;
        int32_t acc = p->bias;
        for (int32_t group = 0; group < p->groups; group++) {
            acc += input[0] * filter[0] + input[1] * filter[2] + input[2] * filter[1] + input[3] * filter[3];
            input += 4;
            filter += 4;
        }
        for (int32_t i = 0; i < p->rest; i++) {
            acc += *input++ * *filter++;
        }
        const int32_t high = (int32_t)(((int64_t)acc * p->multiplier) >> 32);
        *output++ = tfg_clamp_s8((high + p->rounding) >> p->shift, p->min, p->max);
    }
}
