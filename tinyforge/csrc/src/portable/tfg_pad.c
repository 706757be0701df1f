#include "tfg/tfg_pad.h"

#include <string.h>

#include "../tfg_internal.h"

static uint8_t *fill(const tfg_pad_t *p, uint8_t *to, int32_t bytes)
{
    if (bytes > 0) {
        memset(to, p->value, (size_t)bytes);
    }
    return to + bytes;
}

void tfg_pad(const tfg_pad_t *p, const void *input, void *output)
{
    const uint8_t *from = (const uint8_t *)input;
    uint8_t *to = fill(p, (uint8_t *)output, p->before_0);
    for (int32_t i = 0; i < p->count_0; i++) {
        to = fill(p, to, p->before_1);
        for (int32_t j = 0; j < p->count_1; j++) {
            to = fill(p, to, p->before_2);
            for (int32_t k = 0; k < p->count_2; k++) {
                to = fill(p, to, p->before_3);
                for (int32_t l = 0; l < p->count_3; l++) {
                    to = fill(p, to, p->before_4);
                    memcpy(to, from, (size_t)p->run);
                    from += p->run;
                    to = fill(p, to + p->run, p->after_4);
                }
                to = fill(p, to, p->after_3);
            }
            to = fill(p, to, p->after_2);
        }
        to = fill(p, to, p->after_1);
    }
    fill(p, to, p->after_0);
}
