#include "tfg/tfg_gru_packed_s8.h"

#include <string.h>

#include "tfg_gru.h"

/* Both halves at their first unit */
static void begin(const tfg_gru_packed_s8_t *p, tfg_gates_packed_t *halves)
{
    halves[0].rows = p->input_rows;
    halves[0].bias = p->input_bias;
    halves[1].rows = p->recurrent_rows;
}

void tfg_gru_packed_s8(const tfg_gru_packed_s8_t *p, const int8_t *input, int8_t *output, int8_t *hidden,
                       int16_t *memory, int8_t *scratch)
{
    const int32_t units = p->units;
    int16_t *update = (int16_t *)(void *)scratch; /* where the reset gate comes before the product */
    int8_t *next = p->candidate_bias != NULL ? scratch : (int8_t *)(update + units);
    const tfg_sigmoid_t sigmoid = {p->sigmoid_lines, p->sigmoid_residues};
    int32_t inner[GATES] = {0, 0, 0}; /* biases of the recurrent sums */
    int32_t sums[2 * GATES];
    tfg_gates_packed_t halves[2];
    halves[0].form = p->input_form;
    halves[0].length = p->features;
    halves[0].book = p->input_book;
    halves[1].form = p->recurrent_form;
    halves[1].length = units;
    halves[1].book = p->recurrent_book;
    tfg_factors(halves[0].factor, p->input_multiplier, p->input_exponent, GATES);
    tfg_factors(halves[1].factor, p->recurrent_multiplier, p->recurrent_exponent, GATES);
    for (int32_t step = 0; step < p->steps; step++) {
        halves[0].input = input;
        halves[1].input = hidden;
        begin(p, halves);
        if (p->candidate_bias == NULL) {
            for (int32_t unit = 0; unit < units; unit++) {
                halves[1].bias = inner;
                tfg_gates_packed_three(halves, sums);
                update[unit] = (int16_t)gate_of(&sigmoid, sums, UPDATE);
                next[units + unit] = narrowed(tfg_high_mul_s16(gate_of(&sigmoid, sums, RESET), memory[unit]));
            }
            halves[1].input = next + units;
            begin(p, halves);
        }
        for (int32_t unit = 0; unit < units; unit++) {
            int32_t fresh;
            int32_t share;
            halves[1].bias = inner;
            if (p->candidate_bias != NULL) {
                inner[CANDIDATE] = p->candidate_bias[unit];
                tfg_gates_packed_three(halves, sums);
                share = gate_of(&sigmoid, sums, UPDATE);
                fresh = tfg_high_mul_s16(gate_of(&sigmoid, sums, RESET), sums[GATES + CANDIDATE]);
            } else {
                tfg_gates_packed_three(halves, sums);
                share = update[unit];
                fresh = sums[GATES + CANDIDATE];
            }
            next[unit] = blend(&sigmoid, share, sums[CANDIDATE] + fresh, &memory[unit]);
        }
        memcpy(hidden, next, (size_t)units);
        input += p->features;
        if (p->every_step || step == p->steps - 1) {
            memcpy(output, hidden, (size_t)units);
            output += units;
        }
    }
}
