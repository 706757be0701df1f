#include "tfg/tfg_strided_copy.h"

#include <string.h>

#include "../tfg_internal.h"

static uint8_t *row(const tfg_strided_copy_t *p, const uint8_t *from, uint8_t *to)
{
    for (int32_t i = 0; i < p->count_4; i++) {
        memcpy(to, from + i * p->stride_4, (size_t)p->run);
        to += p->run;
    }
    return to;
}

void tfg_strided_copy(const tfg_strided_copy_t *p, const void *input, void *output)
{
    const uint8_t *from = (const uint8_t *)input + p->offset;
    uint8_t *to = (uint8_t *)output;
    for (int32_t i = 0; i < p->count_0; i++) {
        for (int32_t j = 0; j < p->count_1; j++) {
            for (int32_t k = 0; k < p->count_2; k++) {
                for (int32_t l = 0; l < p->count_3; l++) {
                    to = row(p, from + i * p->stride_0 + j * p->stride_1 + k * p->stride_2 + l * p->stride_3, to);
                }
            }
        }
    }
}
