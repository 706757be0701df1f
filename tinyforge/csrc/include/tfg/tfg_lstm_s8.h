#ifndef TFG_LSTM_S8_H
#define TFG_LSTM_S8_H

#include "tfg.h"

TFG_C_BEGIN

/*
 * LSTM over a sequence: int8 weights and activations, int16 gates (Q0.15) and cell state. Gates stand in the order
 * input, forget, cell, output. Products of weights and inputs, and of weights and hidden state, are rounded and
 * saturated to int16 one after the other, as the reference does.
 */
typedef struct {
    const int8_t *input_weights;           /* [units][features / 4][4 gates][4], zeros beyond the edge */
    const int8_t *recurrent_weights;       /* [units][units / 4][4 gates][4], zeros beyond the edge */
    const int16_t *wide_input_weights;     /* the same as [units][features / 4][inputs 0 2, 1 3][4 gates][2], or NULL */
    const int16_t *wide_recurrent_weights; /* [units][units / 4][...] alike; then the narrow ones are NULL */
    const int32_t *input_bias;             /* [units][4 gates], the input's zero point folded in */
    const int32_t *recurrent_bias;         /* [units][4 gates], the hidden state's zero point folded in */
    const int32_t *input_multiplier;       /* [4] */
    const int32_t *input_exponent;         /* [4] */
    const int32_t *recurrent_multiplier;   /* [4] */
    const int32_t *recurrent_exponent;     /* [4] */
    int32_t hidden_multiplier;
    int32_t hidden_exponent;
    int32_t hidden_zero_point;
    int32_t cell_shift;              /* right shift of input gate times cell gate */
    int32_t cell_integer_bits;       /* of the cell state, 0..6 */
    int32_t cell_clip;               /* 0: none */
    const int32_t *sigmoid_lines;    /* [65], see tfg_sigmoid_table; NULL: logistic and tanh are computed */
    const uint8_t *sigmoid_residues; /* [16385] */
    int32_t steps;
    int32_t features;
    int32_t units;
    int32_t every_step; /* 0: the output is the last step alone */
} tfg_lstm_s8_t;

/*
 * input [steps][features], output [steps or 1][units], hidden [units], cell [units],
 * scratch word-aligned: units three times and features twice, each filled up to a multiple of 4
 */
void tfg_lstm_s8(const tfg_lstm_s8_t *p, const int8_t *input, int8_t *output, int8_t *hidden, int16_t *cell,
                 int8_t *scratch);

TFG_C_END

#endif /* TFG_LSTM_S8_H */
