#include "tfg/tfg_fully_connected_one_s8.h"

#include "tfg_dsp.h"

void tfg_fully_connected_one_s8(const tfg_fully_connected_one_s8_t *p, const int8_t *input, int8_t *output)
{
    for (int32_t batch = 0; batch < p->batches; batch++) {
        const int16_t *filter = p->filter + p->groups * 4;
        int32_t sum = tfg_dot_wide(input, p->filter, p->groups, p->bias);
        input += p->groups * 4;
        for (int32_t left = p->rest; left > 0; left--) {
            sum += *input++ * *filter++;
        }
        sum = (tfg_smmul(sum, p->multiplier) + p->rounding) >> p->shift;
        *output++ = tfg_clamp_s8(sum, p->min, p->max);
    }
}
