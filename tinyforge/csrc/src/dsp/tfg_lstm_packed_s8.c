#include "tfg/tfg_lstm_packed_s8.h"

#include <string.h>

#include "tfg_lstm.h"

void tfg_lstm_packed_s8(const tfg_lstm_packed_s8_t *p, const int8_t *input, int8_t *output, int8_t *hidden,
                        int16_t *cell, int8_t *scratch)
{
    const int32_t units = p->units;
    const unit_t unit = TFG_LSTM_UNIT(p);
    tfg_gates_packed_t halves[2];
    halves[0].form = p->input_form;
    halves[0].length = p->features;
    halves[0].book = p->input_book;
    halves[1].input = hidden;
    halves[1].form = p->recurrent_form;
    halves[1].length = units;
    halves[1].book = p->recurrent_book;
    tfg_factors(halves[0].factor, p->input_multiplier, p->input_exponent, GATES);
    tfg_factors(halves[1].factor, p->recurrent_multiplier, p->recurrent_exponent, GATES);
    for (int32_t step = 0; step < p->steps; step++) {
        halves[0].input = input;
        halves[0].rows = p->input_rows;
        halves[0].bias = p->input_bias;
        halves[1].rows = p->recurrent_rows;
        halves[1].bias = p->recurrent_bias;
        for (int32_t number = 0; number < units; number++) {
            int32_t gates[2 * GATES];
            tfg_gates_packed(halves, gates);
            scratch[number] = (int8_t)(p->sigmoid_lines != NULL ? update(&unit, gates, &cell[number], 1)
                                                                : update(&unit, gates, &cell[number], 0));
        }
        memcpy(hidden, scratch, (size_t)units);
        input += p->features;
        if (p->every_step || step == p->steps - 1) {
            memcpy(output, hidden, (size_t)units);
            output += units;
        }
    }
}
