#include "tfg/tfg_select.h"

#include "../tfg_internal.h"

void tfg_select(const tfg_select_t *p, const uint8_t *condition, const void *left, const void *right, void *output)
{
    const uint8_t *one = (const uint8_t *)left;
    const uint8_t *two = (const uint8_t *)right;
    uint8_t *to = (uint8_t *)output;
    for (int32_t i = 0; i < p->elements; i++) {
        const uint8_t *from = *condition != 0 ? one : two;
        for (int32_t j = 0; j < p->bytes; j++) {
            *to++ = from[j];
        }
        condition += p->condition_stride;
        one += p->left_stride * p->bytes;
        two += p->right_stride * p->bytes;
    }
}
