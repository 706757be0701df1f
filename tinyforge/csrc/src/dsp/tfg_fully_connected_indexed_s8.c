#include "tfg/tfg_fully_connected_indexed_s8.h"

#include "tfg_dsp.h"

TFG_COLD void tfg_fully_connected_indexed_s8(const tfg_fully_connected_indexed_s8_t *p, const int8_t *input,
                                             int8_t *output)
{
    for (int32_t batch = 0; batch < p->batches; batch++) {
        const tfg_dense_t dense = {
            (const void *)p->rows,
            input,
            p->in_len >> 1,
            (int32_t)(intptr_t)p->book,
            p->bias,
            output,
            p->out_len,
            (const void *)(intptr_t)p->multiplier,
            p->rounding,
            (const int8_t *)(intptr_t)p->shift,
        };
        tfg_dense_indexed(&dense);
        if (p->max - p->min != 255) {
            tfg_limit(output, p->out_len, p->min, p->max);
        }
        input += p->in_len;
        output += p->out_len;
    }
}
