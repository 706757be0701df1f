#ifndef TFG_GRU_S8_H
#define TFG_GRU_S8_H

#include "tfg.h"

TFG_C_BEGIN

/*
 * GRU over a sequence: int8 weights and activations, int16 gates and memory (Q0.15). Gates stand in the order update,
 * reset, candidate. The hidden state is the memory rounded to int8 of scale 1/128, zero point 0. There is no reference
 * of TFLite's for it; the one this kernel equals is tinyforge's Python twin.
 */
typedef struct {
    const int8_t *input_weights;     /* [units][features / 4][3 gates][4], zeros beyond the edge */
    const int8_t *recurrent_weights; /* [units][units / 4][3 gates][4], zeros beyond the edge */
    const int32_t *input_bias;       /* [units][3 gates], the input's zero point folded in */
    const int32_t *candidate_bias;   /* [units], of the candidate's recurrent part; NULL: reset before the product */
    const int32_t *input_multiplier; /* [3], to Q3.12 */
    const int32_t *input_exponent;   /* [3], -31..30 */
    const int32_t *recurrent_multiplier; /* [3], to Q3.12 */
    const int32_t *recurrent_exponent;   /* [3], -31..30 */
    const int32_t *sigmoid_lines;        /* [65], see tfg_sigmoid_table; NULL: logistic and tanh are computed */
    const uint8_t *sigmoid_residues;     /* [16385] */
    int32_t steps;
    int32_t features;
    int32_t units;
    int32_t every_step; /* 0: the output is the last step alone */
} tfg_gru_s8_t;

/*
 * input [steps][features], output [steps or 1][units], hidden [units], memory [units], scratch word-aligned: units
 * three times and features twice, each filled up to a multiple of 4, and units twice more where reset comes before
 */
void tfg_gru_s8(const tfg_gru_s8_t *p, const int8_t *input, int8_t *output, int8_t *hidden, int16_t *memory,
                int8_t *scratch);

TFG_C_END

#endif /* TFG_GRU_S8_H */
