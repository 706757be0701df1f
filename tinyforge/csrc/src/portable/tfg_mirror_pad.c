#include "tfg/tfg_mirror_pad.h"

#include <string.h>

#include "../tfg_internal.h"

/* the place inside 0..size-1 that is mirrored to `at`, which is -size..2*size-1 */
static int32_t mirrored(int32_t at, int32_t size, int32_t reflect)
{
    if (at < 0) {
        return reflect - 1 - at;
    }
    return at < size ? at : 2 * size - 1 - reflect - at;
}

void tfg_mirror_pad(const tfg_mirror_pad_t *p, const void *input, void *output)
{
    const uint8_t *from = (const uint8_t *)input;
    uint8_t *to = (uint8_t *)output;
    for (int32_t i = -p->before_0; i < p->size_0 + p->after_0; i++) {
        const int32_t at_0 = mirrored(i, p->size_0, p->reflect) * p->size_1;
        for (int32_t j = -p->before_1; j < p->size_1 + p->after_1; j++) {
            const int32_t at_1 = (at_0 + mirrored(j, p->size_1, p->reflect)) * p->size_2;
            for (int32_t k = -p->before_2; k < p->size_2 + p->after_2; k++) {
                const int32_t at_2 = (at_1 + mirrored(k, p->size_2, p->reflect)) * p->size_3;
                for (int32_t l = -p->before_3; l < p->size_3 + p->after_3; l++) {
                    memcpy(to, from + (at_2 + mirrored(l, p->size_3, p->reflect)) * p->run, (size_t)p->run);
                    to += p->run;
                }
            }
        }
    }
}
