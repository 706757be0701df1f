#include "tfg/tfg_softmax_s8.h"

#include "../tfg_internal.h"

/* exp of a difference <= 0, Q0.31 */
static TFG_COLD int32_t exponential(const tfg_softmax_s8_t *p, int32_t difference)
{
    return tfg_exp_q5(tfg_high_mul(tfg_shift_left(difference, p->left_shift), p->multiplier));
}

static TFG_COLD void row(const tfg_softmax_s8_t *p, const int8_t *input, int8_t *output)
{
    int32_t most = INT8_MIN;
    for (int32_t i = 0; i < p->depth; i++) {
        most = tfg_max(most, input[i]);
    }
    int32_t sum = 0; /* Q12.19 */
    for (int32_t i = 0; i < p->depth; i++) {
        if (input[i] - most >= p->diff_min) {
            sum = tfg_add_wrap(sum, tfg_divide_by_pot(exponential(p, input[i] - most), 12));
        }
    }
    /* 1/sum: sum = 2^(12 - headroom) * (1 + x), x in [0, 1) */
    int32_t headroom = 0;
    while (headroom < 32 && ((uint32_t)sum << headroom) < 0x80000000U) {
        headroom++;
    }
    const int32_t reciprocal = tfg_reciprocal_q0((int32_t)(((uint32_t)sum << headroom) - 0x80000000U));
    const int32_t shift = 12 - headroom + 31 - 8;
    for (int32_t i = 0; i < p->depth; i++) {
        int32_t result = 0;
        if (input[i] - most >= p->diff_min) {
            result = tfg_divide_by_pot(tfg_high_mul(reciprocal, exponential(p, input[i] - most)), shift);
        }
        output[i] = tfg_clamp_s8(result + INT8_MIN, INT8_MIN, INT8_MAX);
    }
}

void tfg_softmax_s8(const tfg_softmax_s8_t *p, const int8_t *input, int8_t *output)
{
    for (int32_t i = 0; i < p->rows; i++) {
        row(p, input + i * p->depth, output + i * p->depth);
    }
}
