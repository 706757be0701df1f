#ifndef TFG_GRU_PACKED_S8_H
#define TFG_GRU_PACKED_S8_H

#include "tfg.h"

TFG_C_BEGIN

/* tfg_gru_s8 with packed weights: many zeros, or at most 16 values a gate. */
typedef struct {
    const uint8_t *input_rows;     /* packed weights of the input and the three gates of one unit after the other */
    const uint8_t *recurrent_rows; /* of the hidden state; src/tfg_gate_rows.h */
    const int8_t *input_book;      /* [3 gates][16] values; NULL for a form without */
    const int8_t *recurrent_book;
    const int32_t *input_bias;       /* [units][3 gates], the input's zero point folded in */
    const int32_t *candidate_bias;   /* [units], of the candidate's recurrent part; NULL: reset before the product */
    const int32_t *input_multiplier; /* [3], to Q3.12 */
    const int32_t *input_exponent;   /* [3], -31..30 */
    const int32_t *recurrent_multiplier; /* [3], to Q3.12 */
    const int32_t *recurrent_exponent;   /* [3], -31..30 */
    int32_t input_form;                  /* 0 listed, 1 masked, 2 coded, 3 indexed */
    int32_t recurrent_form;
    const int32_t *sigmoid_lines;    /* [65], see tfg_sigmoid_table; NULL: logistic and tanh are computed */
    const uint8_t *sigmoid_residues; /* [16385] */
    int32_t steps;
    int32_t features;
    int32_t units;
    int32_t every_step; /* 0: the output is the last step alone */
} tfg_gru_packed_s8_t;

/*
 * input [steps][features], output [steps or 1][units], hidden [units], memory [units], scratch word-aligned: units, or
 * four times as many where the reset gate comes before the product
 */
void tfg_gru_packed_s8(const tfg_gru_packed_s8_t *p, const int8_t *input, int8_t *output, int8_t *hidden,
                       int16_t *memory, int8_t *scratch);

TFG_C_END

#endif /* TFG_GRU_PACKED_S8_H */
