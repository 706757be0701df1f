#include "tfg/tfg_conv_1d_indexed_s8.h"

#include "../tfg_internal.h"

/* The value at a place of the book, which is the lower half of what a byte stands for */
static int32_t value_of(const tfg_conv_1d_indexed_s8_t *p, int32_t place)
{
    return p->pairs != NULL ? (int16_t)(p->pairs[place] & 0xFFFF) : p->book[place];
}

/* A window of `taps` inputs from byte `start` of the input on, and the row of a channel */
static int32_t sum_of(const tfg_conv_1d_indexed_s8_t *p, const int8_t *input, int32_t start, int32_t taps,
                      const uint16_t *row)
{
    const int32_t bytes = p->in_len * p->in_ch;
    int32_t sum = 0;
    for (int32_t tap = 0; tap < taps; tap++) {
        const int32_t at = start + tap;
        const int32_t order = (tap & 1) * 2 + (tap >> 1 & 1); /* inputs 0 2 1 3 */
        const int32_t place = row[tap / 4] >> (4 * order) & 15;
        sum += (at >= 0 && at < bytes ? input[at] : p->pad_value) * value_of(p, place);
    }
    return sum;
}

void tfg_conv_1d_indexed_s8(const tfg_conv_1d_indexed_s8_t *p, const int8_t *input, int8_t *output, int16_t *scratch)
{
    (void)scratch; /* for the fast form */
    const int32_t taps = p->kernel * p->in_ch;
    for (int32_t batch = 0; batch < p->batches; batch++) {
        for (int32_t place = 0; place < p->places; place += p->pool) {
            const int32_t end = tfg_min(place + p->pool, p->places);
            for (int32_t out = 0; out < p->out_ch; out++) {
                int32_t most = INT32_MIN;
                for (int32_t step = place; step < end; step++) {
                    const int32_t start = (step * p->stride - p->pad) * p->in_ch;
                    most = tfg_max(most, sum_of(p, input, start, taps, p->rows + out * p->groups));
                }
                most = tfg_requantize(most + (p->bias[out] >> 8), p->multiplier[out], -1 - (p->bias[out] & 255));
                *output++ = tfg_clamp_s8(most + p->zero_point, p->min, p->max);
            }
        }
        input += p->in_len * p->in_ch;
    }
}
