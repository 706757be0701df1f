/* What follows the products of an LSTM in src/dsp. */
#ifndef TFG_LSTM_H
#define TFG_LSTM_H

#include "tfg_factors.h"
#include "tfg_sigmoid.h"

enum { INPUT, FORGET, CELL, OUTPUT, GATES };

/* What the update of a unit needs, prepared once */
typedef struct {
    tfg_sigmoid_t sigmoid;
    int32_t cell_half; /* of the product of input gate and cell gate, with its shift */
    int32_t cell_shift;
    int32_t cell_clip;
    int32_t integer_bits;
    int32_t multiplier; /* of the hidden state, as are the next three */
    int32_t half;
    int32_t right; /* 1..31 */
    int32_t zero_point;
} unit_t;

/* a * b / 2^shift, halves away from zero; `half` is 2^(shift - 1) */
static inline int32_t multiply(int32_t a, int32_t b, int32_t half, int32_t shift)
{
    const int32_t product = a * b;
    return (product + (product >> 31) + half) >> shift;
}

/* The unit's new cell state, and its new hidden state as the result */
TFG_ALWAYS_INLINE int32_t update(const unit_t *u, const int32_t *gates, int16_t *cell, int32_t tabulated)
{
    const tfg_sigmoid_t *sigmoid = &u->sigmoid;
    int32_t state = (int16_t)multiply(tfg_logistic_dsp(sigmoid, gates[FORGET], tabulated), *cell, 1 << 14, 15);
    const int32_t input = tfg_logistic_dsp(sigmoid, gates[INPUT], tabulated);
    const int32_t fresh = tfg_tanh_dsp(sigmoid, gates[CELL], 3, tabulated);
    state = tfg_ssat16(state + (int16_t)multiply(input, fresh, u->cell_half, u->cell_shift));
    state = tfg_min(tfg_max(state, -u->cell_clip), u->cell_clip);
    *cell = (int16_t)state;
    int32_t result = tfg_logistic_dsp(sigmoid, gates[OUTPUT], tabulated);
    result *= tfg_tanh_dsp(sigmoid, state, u->integer_bits, tabulated); /* below 2^30 */
    result = tfg_smmulr(result * 2, u->multiplier);
    result = (result + (result >> 31) + u->half) >> u->right;
    return tfg_ssat8(result + u->zero_point);
}

/* Of the kernels' parameters, whose names are the same */
#define TFG_LSTM_UNIT(p)                                                                                           \
    {                                                                                                              \
        {(p)->sigmoid_lines, (p)->sigmoid_residues},           1 << ((p)->cell_shift - 1), (p)->cell_shift,        \
        (p)->cell_clip > 0 ? (p)->cell_clip : -INT16_MIN,      (p)->cell_integer_bits,     (p)->hidden_multiplier, \
        (int32_t)((uint32_t)1 << (-(p)->hidden_exponent - 1)), -(p)->hidden_exponent,      (p)->hidden_zero_point, \
    }

#endif /* TFG_LSTM_H */
