/* Sums of a convolution along one dimension, for the kernel whose parameters are a TFG_CONV_1D. */
#ifndef TFG_CONV_1D_H
#define TFG_CONV_1D_H

#include "../tfg_internal.h"

/* Window of `taps` inputs from byte `start` of the input on; one row of the filter */
static inline int32_t tfg_conv_1d_sum(const TFG_CONV_1D *p, const int8_t *input, int32_t start, const int8_t *filter,
                                      int32_t taps)
{
    const int32_t first = tfg_min(tfg_max(0, -start), taps);
    const int32_t end = tfg_max(first, tfg_min(taps, p->in_len * p->in_ch - start));
    if (first == 0 && end == taps) {
        return tfg_dot_paired(input + start, filter, taps);
    }
    int32_t acc = p->pad_value * (tfg_sum_paired(filter, 0, first) + tfg_sum_paired(filter, end, taps));
    for (int32_t tap = first; tap < end; tap++) {
        acc += input[start + tap] * filter[tfg_paired(tap)];
    }
    return acc;
}

#endif /* TFG_CONV_1D_H */
