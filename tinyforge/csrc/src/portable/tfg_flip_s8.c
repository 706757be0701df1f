#include "tfg/tfg_flip_s8.h"

#include <string.h>

void tfg_flip_s8(const tfg_flip_s8_t *p, const void *input, void *output)
{
    const uint8_t *in = input;
    uint8_t *out = output;
    int32_t i = 0;
    for (; i + 4 <= p->elements; i += 4) {
        uint32_t four;
        memcpy(&four, in + i, 4);
        four ^= 0x80808080U;
        memcpy(out + i, &four, 4);
    }
    for (; i < p->elements; i++) {
        out[i] = in[i] ^ 0x80U;
    }
}
