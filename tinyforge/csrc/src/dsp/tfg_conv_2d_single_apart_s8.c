#include "tfg/tfg_conv_2d_single_apart_s8.h"

#include "tfg_dsp.h"

#define TFG_SINGLE      tfg_conv_2d_single_apart_s8_t
#define TFG_SINGLE_ROWS tfg_single_apart

static inline void prepare(tfg_single_rows_t *work, const TFG_SINGLE *p)
{
    work->form = p->form;
}

#include "tfg_single.h"

void tfg_conv_2d_single_apart_s8(const tfg_conv_2d_single_apart_s8_t *p, const int8_t *input, int8_t *output,
                                 int8_t *scratch)
{
    const int32_t size = p->out_h * p->out_w;
    for (int32_t batch = 0; batch < p->batches; batch++) {
        image(p, input, output, scratch);
        if (p->max - p->min != 255) {
            tfg_limit(output, size, p->min, p->max);
        }
        input += p->in_h * p->in_w;
        output += size;
    }
}
