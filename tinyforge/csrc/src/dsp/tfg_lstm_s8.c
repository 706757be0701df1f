#include "tfg/tfg_lstm_s8.h"

#include <string.h>

#include "tfg_lstm.h"

void tfg_lstm_s8(const tfg_lstm_s8_t *p, const int8_t *input, int8_t *output, int8_t *hidden, int16_t *cell,
                 int8_t *scratch)
{
    const int32_t units = p->units;
    const int32_t row = (units + 3) / 4 * 4;
    int16_t *last = (int16_t *)(void *)scratch; /* hidden state and input as int16; beyond the edge weights are 0 */
    int16_t *features = last + row;
    int8_t *next = (int8_t *)(features + (p->features + 3) / 4 * 4);
    const unit_t unit = TFG_LSTM_UNIT(p);
    const int32_t wide = p->wide_input_weights != NULL;
    tfg_gates_half_t halves[2];
    halves[0].input = features;
    halves[0].groups = (p->features + 3) / 4;
    halves[1].input = last;
    halves[1].groups = row / 4;
    tfg_factors(halves[0].factor, p->input_multiplier, p->input_exponent, GATES);
    tfg_factors(halves[1].factor, p->recurrent_multiplier, p->recurrent_exponent, GATES);
    memcpy(next, hidden, (size_t)units);
    for (int32_t step = 0; step < p->steps; step++) {
        tfg_widen(last, next, units);
        tfg_widen(features, input, p->features);
        halves[0].weights = wide ? (const void *)p->wide_input_weights : p->input_weights;
        halves[0].bias = p->input_bias;
        halves[1].weights = wide ? (const void *)p->wide_recurrent_weights : p->recurrent_weights;
        halves[1].bias = p->recurrent_bias;
        for (int32_t number = 0; number < units; number++) {
            int32_t gates[GATES];
            if (wide) {
                tfg_gates_wide(halves, gates);
            } else {
                tfg_gates(halves, gates);
            }
            next[number] = (int8_t)(p->sigmoid_lines != NULL ? update(&unit, gates, &cell[number], 1)
                                                             : update(&unit, gates, &cell[number], 0));
        }
        input += p->features;
        if (p->every_step || step == p->steps - 1) {
            memcpy(output, next, (size_t)units);
            output += units;
        }
    }
    memcpy(hidden, next, (size_t)units);
}
