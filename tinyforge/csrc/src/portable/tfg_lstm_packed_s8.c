#include "tfg/tfg_lstm_packed_s8.h"

#include <string.h>

#include "../tfg_gate_rows.h"

#define TFG_LSTM tfg_lstm_packed_s8_t
#include "tfg_lstm.h"

/* Sums of the four gates' products with one source, biases included; *rows and *bias move on to the next unit */
static void sum_gates(int32_t form, const uint8_t **rows, const int8_t *book, const int32_t **bias, const int8_t *input,
                      int32_t length, int32_t *sums)
{
    for (int32_t gate = 0; gate < GATES; gate++) {
        const int8_t *own = book != NULL ? book + 16 * gate : NULL;
        sums[gate] = *(*bias)++ + tfg_gate_row(form, rows, own, input, length);
    }
}

void tfg_lstm_packed_s8(const tfg_lstm_packed_s8_t *p, const int8_t *input, int8_t *output, int8_t *hidden,
                        int16_t *cell, int8_t *scratch)
{
    for (int32_t step = 0; step < p->steps; step++) {
        const uint8_t *rows[2] = {p->input_rows, p->recurrent_rows};
        const int32_t *bias[2] = {p->input_bias, p->recurrent_bias};
        for (int32_t unit = 0; unit < p->units; unit++) {
            int32_t gates[GATES];
            int32_t more[GATES];
            sum_gates(p->input_form, &rows[0], p->input_book, &bias[0], input, p->features, gates);
            sum_gates(p->recurrent_form, &rows[1], p->recurrent_book, &bias[1], hidden, p->units, more);
            for (int32_t gate = 0; gate < GATES; gate++) {
                gates[gate] = tfg_lstm_gate(p, gate, gates[gate], more[gate]);
            }
            scratch[unit] = tfg_lstm_update(p, gates, &cell[unit]);
        }
        memcpy(hidden, scratch, (size_t)p->units);
        input += p->features;
        if (p->every_step || step == p->steps - 1) {
            memcpy(output, hidden, (size_t)p->units);
            output += p->units;
        }
    }
}
