/* How a recurrent layer's sums are rescaled, prepared once for all steps. */
#ifndef TFG_FACTORS_H
#define TFG_FACTORS_H

#include "tfg_dsp.h"

static TFG_NOINLINE void tfg_factors(tfg_factor_t *factor, const int32_t *multiplier, const int32_t *exponent,
                                     int32_t gates)
{
    for (int32_t gate = 0; gate < gates; gate++) {
        const int32_t right = exponent[gate] < 0;
        factor[gate].left = right ? 1 : 1 + exponent[gate];
        factor[gate].multiplier = multiplier[gate];
        factor[gate].sign = -right;
        factor[gate].half = right ? (int32_t)((uint32_t)1 << (-exponent[gate] - 1)) : 0;
        factor[gate].right = right ? -exponent[gate] : 0;
    }
}

#endif /* TFG_FACTORS_H */
