#include "tfg/tfg_lstm_s8.h"

#include <string.h>

#include "../tfg_internal.h"

enum { INPUT, FORGET, CELL, OUTPUT };

/* gates += weights * vector for all units of one gate, saturated to int16 */
static void accumulate(int16_t *gate, int32_t units, const int8_t *weights, const int8_t *vector, int32_t length,
                       const int32_t *bias, int32_t multiplier, int32_t exponent)
{
    for (int32_t unit = 0; unit < units; unit++) {
        int32_t acc = bias[unit];
        for (int32_t i = 0; i < length; i++) {
            acc += weights[i] * vector[i];
        }
        weights += length;
        acc = tfg_add_wrap(tfg_requantize(acc, multiplier, exponent), gate[unit]);
        gate[unit] = (int16_t)tfg_saturate_s16(acc);
    }
}

static void update(const tfg_lstm_s8_t *p, const int16_t *gates, int8_t *hidden, int16_t *cell)
{
    const int32_t units = p->units;
    for (int32_t unit = 0; unit < units; unit++) {
        const int32_t input = tfg_logistic_s16(gates[INPUT * units + unit]);
        const int32_t forget = tfg_logistic_s16(gates[FORGET * units + unit]);
        const int32_t fresh = tfg_tanh_s16(gates[CELL * units + unit], 3);
        const int32_t output = tfg_logistic_s16(gates[OUTPUT * units + unit]);
        int32_t state = (int16_t)tfg_divide_by_pot(forget * cell[unit], 15);
        state = tfg_saturate_s16(state + (int16_t)tfg_divide_by_pot(input * fresh, p->cell_shift));
        if (p->cell_clip > 0) {
            state = tfg_min(tfg_max(state, -p->cell_clip), p->cell_clip);
        }
        cell[unit] = (int16_t)state;
        int32_t result = output * tfg_tanh_s16(state, p->cell_integer_bits);
        result = tfg_requantize(result, p->hidden_multiplier, p->hidden_exponent);
        hidden[unit] = tfg_clamp_s8(tfg_add_wrap(result, p->hidden_zero_point), INT8_MIN, INT8_MAX);
    }
}

void tfg_lstm_s8(const tfg_lstm_s8_t *p, const int8_t *input, int8_t *output, int8_t *hidden, int16_t *cell,
                 int16_t *scratch)
{
    const int32_t units = p->units;
    for (int32_t step = 0; step < p->steps; step++) {
        memset(scratch, 0, (size_t)(4 * units) * sizeof(int16_t));
        for (int32_t gate = 0; gate < 4; gate++) {
            accumulate(scratch + gate * units, units, p->input_weights + gate * units * p->features, input,
                       p->features, p->input_bias + gate * units, p->input_multiplier[gate],
                       p->input_exponent[gate]);
            accumulate(scratch + gate * units, units, p->recurrent_weights + gate * units * units, hidden, units,
                       p->recurrent_bias + gate * units, p->recurrent_multiplier[gate],
                       p->recurrent_exponent[gate]);
        }
        update(p, scratch, hidden, cell);
        input += p->features;
        if (p->every_step || step == p->steps - 1) {
            memcpy(output, hidden, (size_t)units);
            output += units;
        }
    }
}
