#include "tfg/tfg_lstm_s8.h"

#include <string.h>

#include "tfg_dsp.h"
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

static void prepare(tfg_gates_half_t *half, const int32_t *multiplier, const int32_t *exponent)
{
    for (int32_t gate = 0; gate < GATES; gate++) {
        const int32_t right = exponent[gate] < 0;
        half->factor[gate].left = right ? 1 : 1 + exponent[gate];
        half->factor[gate].multiplier = multiplier[gate];
        half->factor[gate].sign = -right;
        half->factor[gate].half = right ? (int32_t)((uint32_t)1 << (-exponent[gate] - 1)) : 0;
        half->factor[gate].right = right ? -exponent[gate] : 0;
    }
}

void tfg_lstm_s8(const tfg_lstm_s8_t *p, const int8_t *input, int8_t *output, int8_t *hidden, int16_t *cell,
                 int8_t *scratch)
{
    const int32_t units = p->units;
    const int32_t row = (units + 3) / 4 * 4;
    int16_t *last = (int16_t *)(void *)scratch; /* hidden state and input as int16; beyond the edge weights are 0 */
    int16_t *features = last + row;
    int8_t *next = (int8_t *)(features + (p->features + 3) / 4 * 4);
    const unit_t unit = {
        {p->sigmoid_lines, p->sigmoid_residues},
        1 << (p->cell_shift - 1),
        p->cell_shift,
        p->cell_clip > 0 ? p->cell_clip : -INT16_MIN,
        p->cell_integer_bits,
        p->hidden_multiplier,
        (int32_t)((uint32_t)1 << (-p->hidden_exponent - 1)),
        -p->hidden_exponent,
        p->hidden_zero_point,
    };
    const int32_t wide = p->wide_input_weights != NULL;
    tfg_gates_half_t halves[2];
    halves[0].input = features;
    halves[0].groups = (p->features + 3) / 4;
    halves[1].input = last;
    halves[1].groups = row / 4;
    prepare(&halves[0], p->input_multiplier, p->input_exponent);
    prepare(&halves[1], p->recurrent_multiplier, p->recurrent_exponent);
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
