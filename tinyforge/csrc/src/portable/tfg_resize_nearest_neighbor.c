#include "tfg/tfg_resize_nearest_neighbor.h"

#include <string.h>

#include "../tfg_internal.h"

void tfg_resize_nearest_neighbor(const tfg_resize_nearest_neighbor_t *p, const void *input, void *output)
{
    const uint8_t *from = (const uint8_t *)input;
    uint8_t *to = (uint8_t *)output;
    for (int32_t batch = 0; batch < p->batches; batch++) {
        for (int32_t y = 0; y < p->out_h; y++) {
            const uint8_t *row = from + p->rows[y] * p->in_w * p->run;
            for (int32_t x = 0; x < p->out_w; x++) {
                memcpy(to, row + p->columns[x] * p->run, (size_t)p->run);
                to += p->run;
            }
        }
        from += p->in_h * p->in_w * p->run;
    }
}
