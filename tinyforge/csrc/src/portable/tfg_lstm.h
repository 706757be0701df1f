/* What follows the products of an LSTM, for the kernel whose parameters are a TFG_LSTM. */
#ifndef TFG_LSTM_H
#define TFG_LSTM_H

#include "../tfg_internal.h"

enum { INPUT, FORGET, CELL, OUTPUT, GATES };

/* A gate of a unit before its activation, Q3.12, from the sums of products with the input and the hidden state */
static inline int32_t tfg_lstm_gate(const TFG_LSTM *p, int32_t gate, int32_t acc, int32_t more)
{
    acc = tfg_saturate_s16(tfg_requantize(acc, p->input_multiplier[gate], p->input_exponent[gate]));
    more = tfg_requantize(more, p->recurrent_multiplier[gate], p->recurrent_exponent[gate]);
    return tfg_saturate_s16(tfg_add_wrap(more, acc));
}

/* The unit's new cell state, and its new hidden state as the result */
static inline int8_t tfg_lstm_update(const TFG_LSTM *p, const int32_t *gates, int16_t *cell)
{
    const int32_t input = tfg_logistic_s16(p->sigmoid_lines, p->sigmoid_residues, gates[INPUT]);
    const int32_t forget = tfg_logistic_s16(p->sigmoid_lines, p->sigmoid_residues, gates[FORGET]);
    const int32_t fresh = tfg_tanh_s16(p->sigmoid_lines, p->sigmoid_residues, gates[CELL], 3);
    const int32_t output = tfg_logistic_s16(p->sigmoid_lines, p->sigmoid_residues, gates[OUTPUT]);
    int32_t state = (int16_t)tfg_divide_by_pot(forget * *cell, 15);
    state = tfg_saturate_s16(state + (int16_t)tfg_divide_by_pot(input * fresh, p->cell_shift));
    if (p->cell_clip > 0) {
        state = tfg_min(tfg_max(state, -p->cell_clip), p->cell_clip);
    }
    *cell = (int16_t)state;
    int32_t result = output * tfg_tanh_s16(p->sigmoid_lines, p->sigmoid_residues, state, p->cell_integer_bits);
    result = tfg_requantize(result, p->hidden_multiplier, p->hidden_exponent);
    return tfg_clamp_s8(tfg_add_wrap(result, p->hidden_zero_point), INT8_MIN, INT8_MAX);
}

#endif /* TFG_LSTM_H */
