#include "tfg/tfg_lstm_s8.h"

#include <string.h>

#include "tfg_dsp.h"

enum { INPUT, FORGET, CELL, OUTPUT, GATES };

/* Two roundings; exponent -31..30, for the rare one that does not shift right as portable C */
static inline int32_t rescale(int32_t acc, int32_t multiplier, int32_t exponent)
{
    if (exponent < 0) {
        int32_t high = tfg_smmulr((int32_t)((uint32_t)acc << 1), multiplier);
        high += high >> 31;
        return (high + (1 << (-exponent - 1))) >> -exponent;
    }
    return tfg_requantize(acc, multiplier, exponent);
}

/* a * b / 2^shift, halves away from zero; shift 1..31 */
static inline int32_t multiply(int32_t a, int32_t b, int32_t shift)
{
    const int32_t product = a * b;
    return (product + (product >> 31) + (1 << (shift - 1))) >> shift;
}

/* The four gates of one unit before their activations, Q3.12 */
static inline void sum_gates(const tfg_lstm_s8_t *p, int32_t unit, const int8_t *input, const int8_t *hidden,
                             int32_t *gates)
{
    const int32_t in_groups = (p->features + 3) / 4;
    const int32_t groups = (p->units + 3) / 4;
    int32_t more[GATES];
    memcpy(gates, p->input_bias + unit * GATES, sizeof more);
    memcpy(more, p->recurrent_bias + unit * GATES, sizeof more);
    tfg_dot_1x4(input, p->input_weights + unit * in_groups * 16, in_groups, gates);
    tfg_dot_1x4(hidden, p->recurrent_weights + unit * groups * 16, groups, more);
    for (int32_t gate = 0; gate < GATES; gate++) {
        int32_t acc = tfg_ssat16(rescale(gates[gate], p->input_multiplier[gate], p->input_exponent[gate]));
        acc += rescale(more[gate], p->recurrent_multiplier[gate], p->recurrent_exponent[gate]);
        gates[gate] = tfg_ssat16(acc);
    }
}

/* The unit's new cell state, and its new hidden state as the result */
static inline int8_t update(const tfg_lstm_s8_t *p, const int32_t *gates, int16_t *cell)
{
    const int32_t input = tfg_logistic_s16(gates[INPUT]);
    const int32_t forget = tfg_logistic_s16(gates[FORGET]);
    const int32_t fresh = tfg_tanh_s16(gates[CELL], 3);
    const int32_t output = tfg_logistic_s16(gates[OUTPUT]);
    int32_t state = (int16_t)multiply(forget, *cell, 15);
    state = tfg_ssat16(state + (int16_t)multiply(input, fresh, p->cell_shift));
    if (p->cell_clip > 0) {
        state = tfg_min(tfg_max(state, -p->cell_clip), p->cell_clip);
    }
    *cell = (int16_t)state;
    const int32_t result = output * tfg_tanh_s16(state, p->cell_integer_bits); /* below 2^30 */
    return (int8_t)tfg_ssat8(
        tfg_add_wrap(rescale(result, p->hidden_multiplier, p->hidden_exponent), p->hidden_zero_point));
}

void tfg_lstm_s8(const tfg_lstm_s8_t *p, const int8_t *input, int8_t *output, int8_t *hidden, int16_t *cell,
                 int8_t *scratch)
{
    const int32_t units = p->units;
    const int32_t row = (units + 3) / 4 * 4;
    int8_t *last = scratch; /* hidden state and input, filled up to whole groups; what is beyond meets weights of 0 */
    int8_t *next = scratch + row;
    int8_t *features = next + row;
    memcpy(last, hidden, (size_t)units);
    for (int32_t step = 0; step < p->steps; step++) {
        memcpy(features, input, (size_t)p->features);
        for (int32_t unit = 0; unit < units; unit++) {
            int32_t gates[GATES];
            sum_gates(p, unit, features, last, gates);
            next[unit] = update(p, gates, &cell[unit]);
        }
        int8_t *other = last;
        last = next;
        next = other;
        input += p->features;
        if (p->every_step || step == p->steps - 1) {
            memcpy(output, last, (size_t)units);
            output += units;
        }
    }
    memcpy(hidden, last, (size_t)units);
}
