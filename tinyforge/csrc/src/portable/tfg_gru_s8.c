#include "tfg/tfg_gru_s8.h"

#include <string.h>

#include "../tfg_internal.h"

enum { UPDATE, RESET, CANDIDATE, GATES };

/* a gate's share of the input, Q3.12 */
static int32_t from_input(const tfg_gru_s8_t *p, int32_t unit, int32_t gate, const int8_t *input)
{
    const int8_t *weights = p->input_weights + unit * GATES * ((p->features + 3) / 4 * 4) + gate * 4;
    int32_t acc = p->input_bias[unit * GATES + gate];
    acc += tfg_dot_interleaved(input, weights, p->features, GATES);
    return tfg_saturate_s16(tfg_requantize(acc, p->input_multiplier[gate], p->input_exponent[gate]));
}

/* a gate's share of the hidden state, Q3.12 */
static int32_t from_hidden(const tfg_gru_s8_t *p, int32_t unit, int32_t gate, const int8_t *hidden, int32_t bias)
{
    const int8_t *weights = p->recurrent_weights + unit * GATES * ((p->units + 3) / 4 * 4) + gate * 4;
    const int32_t acc = bias + tfg_dot_interleaved(hidden, weights, p->units, GATES);
    return tfg_saturate_s16(tfg_requantize(acc, p->recurrent_multiplier[gate], p->recurrent_exponent[gate]));
}

static int32_t gate_of(const tfg_gru_s8_t *p, int32_t unit, int32_t gate, const int8_t *input, const int8_t *hidden)
{
    const int32_t sum = from_input(p, unit, gate, input) + from_hidden(p, unit, gate, hidden, 0);
    return tfg_logistic_s16(p->sigmoid_lines, p->sigmoid_residues, tfg_saturate_s16(sum));
}

/* Q0.15 to int8 of scale 1/128 */
static int8_t narrowed(int32_t value)
{
    return (int8_t)tfg_min((value + 128) >> 8, INT8_MAX);
}

static void step(const tfg_gru_s8_t *p, const int8_t *input, const int8_t *hidden, int16_t *memory, int8_t *fresh,
                 int8_t *reset)
{
    const int32_t before = p->candidate_bias == NULL;
    if (before) {
        for (int32_t unit = 0; unit < p->units; unit++) {
            const int32_t gate = gate_of(p, unit, RESET, input, hidden);
            reset[unit] = narrowed(tfg_high_mul_s16(gate, memory[unit]));
        }
    }
    for (int32_t unit = 0; unit < p->units; unit++) {
        int32_t recurrent;
        if (before) {
            recurrent = from_hidden(p, unit, CANDIDATE, reset, 0);
        } else {
            recurrent = from_hidden(p, unit, CANDIDATE, hidden, p->candidate_bias[unit]);
            recurrent = tfg_high_mul_s16(gate_of(p, unit, RESET, input, hidden), recurrent);
        }
        const int32_t sum = from_input(p, unit, CANDIDATE, input) + recurrent;
        const int32_t candidate = tfg_tanh_s16(p->sigmoid_lines, p->sigmoid_residues, tfg_saturate_s16(sum), 3);
        const int32_t update = gate_of(p, unit, UPDATE, input, hidden);
        memory[unit] = (int16_t)((update * memory[unit] + (32768 - update) * candidate + (1 << 14)) >> 15);
        fresh[unit] = narrowed(memory[unit]);
    }
}

void tfg_gru_s8(const tfg_gru_s8_t *p, const int8_t *input, int8_t *output, int8_t *hidden, int16_t *memory,
                int8_t *scratch)
{
    for (int32_t number = 0; number < p->steps; number++) {
        step(p, input, hidden, memory, scratch, scratch + p->units);
        memcpy(hidden, scratch, (size_t)p->units);
        input += p->features;
        if (p->every_step || number == p->steps - 1) {
            memcpy(output, hidden, (size_t)p->units);
            output += p->units;
        }
    }
}
