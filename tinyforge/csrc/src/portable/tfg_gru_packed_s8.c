#include "tfg/tfg_gru_packed_s8.h"

#include <string.h>

#include "../tfg_gate_rows.h"
#include "../tfg_internal.h"

enum { UPDATE, RESET, CANDIDATE, GATES };

/* Products with one source; rows move on from unit to unit */
typedef struct {
    const int8_t *input;
    int32_t length;
    const uint8_t *rows;
    const int8_t *book;
    const int32_t *bias;
    const int32_t *multiplier;
    const int32_t *exponent;
    int32_t form;
} half_t;

static void begin(const tfg_gru_packed_s8_t *p, half_t *halves)
{
    halves[0].rows = p->input_rows;
    halves[0].bias = p->input_bias;
    halves[1].rows = p->recurrent_rows;
}

/* The next unit's three sums of each half, Q3.12 */
static void sum_gates(half_t *halves, int32_t *sums)
{
    for (half_t *half = halves; half < halves + 2; half++) {
        for (int32_t gate = 0; gate < GATES; gate++) {
            const int8_t *book = half->book != NULL ? half->book + 16 * gate : NULL;
            const int32_t acc = *half->bias++ + tfg_gate_row(half->form, &half->rows, book, half->input, half->length);
            *sums++ = tfg_saturate_s16(tfg_requantize(acc, half->multiplier[gate], half->exponent[gate]));
        }
    }
}

static int32_t gate_of(const tfg_gru_packed_s8_t *p, const int32_t *sums, int32_t gate)
{
    return tfg_logistic_s16(p->sigmoid_lines, p->sigmoid_residues, tfg_saturate_s16(sums[gate] + sums[GATES + gate]));
}

/* Q0.15 to int8 of scale 1/128 */
static int8_t narrowed(int32_t value)
{
    return (int8_t)tfg_min((value + 128) >> 8, INT8_MAX);
}

/* The unit's new memory, and its new hidden state as the result; `sum` is the candidate's */
static int8_t blend(const tfg_gru_packed_s8_t *p, int32_t update, int32_t sum, int16_t *memory)
{
    const int32_t candidate = tfg_tanh_s16(p->sigmoid_lines, p->sigmoid_residues, tfg_saturate_s16(sum), 3);
    *memory = (int16_t)((update * *memory + (32768 - update) * candidate + (1 << 14)) >> 15);
    return narrowed(*memory);
}

void tfg_gru_packed_s8(const tfg_gru_packed_s8_t *p, const int8_t *input, int8_t *output, int8_t *hidden,
                       int16_t *memory, int8_t *scratch)
{
    const int32_t units = p->units;
    int16_t *update = (int16_t *)(void *)scratch; /* where the reset gate comes before the product */
    int8_t *next = p->candidate_bias != NULL ? scratch : (int8_t *)(update + units);
    int32_t inner[GATES] = {0, 0, 0}; /* biases of the recurrent sums */
    int32_t sums[2 * GATES];
    half_t halves[2] = {
        {input, p->features, NULL, p->input_book, NULL, p->input_multiplier, p->input_exponent, p->input_form},
        {hidden, units, NULL, p->recurrent_book, NULL, p->recurrent_multiplier, p->recurrent_exponent,
         p->recurrent_form},
    };
    for (int32_t step = 0; step < p->steps; step++) {
        halves[0].input = input;
        halves[1].input = hidden;
        begin(p, halves);
        if (p->candidate_bias == NULL) {
            for (int32_t unit = 0; unit < units; unit++) {
                halves[1].bias = inner;
                sum_gates(halves, sums);
                update[unit] = (int16_t)gate_of(p, sums, UPDATE);
                next[units + unit] = narrowed(tfg_high_mul_s16(gate_of(p, sums, RESET), memory[unit]));
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
                sum_gates(halves, sums);
                share = gate_of(p, sums, UPDATE);
                fresh = tfg_high_mul_s16(gate_of(p, sums, RESET), sums[GATES + CANDIDATE]);
            } else {
                sum_gates(halves, sums);
                share = update[unit];
                fresh = sums[GATES + CANDIDATE];
            }
            next[unit] = blend(p, share, sums[CANDIDATE] + fresh, &memory[unit]);
        }
        memcpy(hidden, next, (size_t)units);
        input += p->features;
        if (p->every_step || step == p->steps - 1) {
            memcpy(output, hidden, (size_t)units);
            output += units;
        }
    }
}
