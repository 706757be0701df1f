#include "tfg/tfg_lstm_s8.h"

#include <string.h>

#define TFG_LSTM tfg_lstm_s8_t
#include "tfg_lstm.h"

/* Products of one gate's weights of one unit; one of the two arrays is NULL */
static int32_t products(const int8_t *input, const int8_t *narrow, const int16_t *wide, int32_t row, int32_t gate,
                        int32_t length)
{
    const int32_t at = row * GATES * ((length + 3) / 4 * 4);
    if (narrow != NULL) {
        return tfg_dot_interleaved(input, narrow + at + gate * 4, length, GATES);
    }
    int32_t sum = 0;
    for (int32_t i = 0; i < length; i++) {
        sum += input[i] * wide[at + i / 4 * 4 * GATES + i % 2 * 2 * GATES + gate * 2 + i % 4 / 2];
    }
    return sum;
}

/* The four gates of one unit before their activations, Q3.12 */
static void sum_gates(const tfg_lstm_s8_t *p, int32_t unit, const int8_t *input, const int8_t *hidden, int32_t *gates)
{
    for (int32_t gate = 0; gate < GATES; gate++) {
        int32_t acc = p->input_bias[unit * GATES + gate];
        acc += products(input, p->input_weights, p->wide_input_weights, unit, gate, p->features);
        int32_t more = p->recurrent_bias[unit * GATES + gate];
        more += products(hidden, p->recurrent_weights, p->wide_recurrent_weights, unit, gate, p->units);
        gates[gate] = tfg_lstm_gate(p, gate, acc, more);
    }
}

void tfg_lstm_s8(const tfg_lstm_s8_t *p, const int8_t *input, int8_t *output, int8_t *hidden, int16_t *cell,
                 int8_t *scratch)
{
    for (int32_t step = 0; step < p->steps; step++) {
        for (int32_t unit = 0; unit < p->units; unit++) {
            int32_t gates[GATES];
            sum_gates(p, unit, input, hidden, gates);
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
