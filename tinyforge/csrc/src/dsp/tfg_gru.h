/* What follows the products of a GRU in src/dsp. */
#ifndef TFG_GRU_H
#define TFG_GRU_H

#include "tfg_factors.h"
#include "tfg_sigmoid.h"

enum { UPDATE, RESET, CANDIDATE, GATES };

/* A gate of a unit, from the sums of both halves */
static TFG_NOINLINE int32_t gate_of(const tfg_sigmoid_t *sigmoid, const int32_t *sums, int32_t gate)
{
    const int32_t sum = tfg_ssat16(sums[gate] + sums[GATES + gate]);
    return sigmoid->lines != NULL ? tfg_logistic_dsp(sigmoid, sum, 1) : tfg_logistic_dsp(sigmoid, sum, 0);
}

/* Q0.15 to int8 of scale 1/128 */
static inline int8_t narrowed(int32_t value)
{
    return (int8_t)tfg_min((value + 128) >> 8, INT8_MAX);
}

/* The unit's new memory, and its new hidden state as the result; `sum` is the candidate's */
TFG_ALWAYS_INLINE int8_t blend(const tfg_sigmoid_t *sigmoid, int32_t update, int32_t sum, int16_t *memory)
{
    sum = tfg_ssat16(sum);
    const int32_t candidate =
        sigmoid->lines != NULL ? tfg_tanh_dsp(sigmoid, sum, 3, 1) : tfg_tanh_dsp(sigmoid, sum, 3, 0);
    *memory = (int16_t)((update * *memory + (32768 - update) * candidate + (1 << 14)) >> 15);
    return narrowed(*memory);
}

#endif /* TFG_GRU_H */
