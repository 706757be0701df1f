#ifndef TFG_LSTM_PACKED_S8_H
#define TFG_LSTM_PACKED_S8_H

#include "tfg.h"

TFG_C_BEGIN

/* tfg_lstm_s8 with packed weights: many zeros, or at most 16 values a gate. */
typedef struct {
    const uint8_t *input_rows;     /* packed weights of the input and the four gates of one unit after the other */
    const uint8_t *recurrent_rows; /* of the hidden state; both word-aligned, four bytes more: src/tfg_gate_rows.h */
    const int8_t *input_book;      /* [4 gates][16] values; NULL for a form without */
    const int8_t *recurrent_book;
    const int32_t *input_bias;           /* [units][4 gates], the input's zero point folded in */
    const int32_t *recurrent_bias;       /* [units][4 gates], the hidden state's zero point folded in */
    const int32_t *input_multiplier;     /* [4] */
    const int32_t *input_exponent;       /* [4] */
    const int32_t *recurrent_multiplier; /* [4] */
    const int32_t *recurrent_exponent;   /* [4] */
    int32_t input_form;                  /* 0 listed, 1 masked, 2 coded, 3 indexed */
    int32_t recurrent_form;
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
} tfg_lstm_packed_s8_t;

/* input [steps][features], output [steps or 1][units], hidden [units], cell [units], scratch [units] */
void tfg_lstm_packed_s8(const tfg_lstm_packed_s8_t *p, const int8_t *input, int8_t *output, int8_t *hidden,
                        int16_t *cell, int8_t *scratch);

TFG_C_END

#endif /* TFG_LSTM_PACKED_S8_H */
