#include "tfg/tfg_arg_max_s8.h"

#include "../tfg_internal.h"

static int32_t place(const tfg_arg_max_s8_t *p, const uint8_t *input)
{
    int32_t best = INT8_MIN - 1;
    int32_t at = 0;
    for (int32_t i = 0; i < p->count; i++) {
        const int8_t value = (int8_t)(input[i * p->inner] ^ p->flip);
        if (value > best) {
            best = value;
            at = i;
        }
    }
    return at;
}

void tfg_arg_max_s8(const tfg_arg_max_s8_t *p, const void *input, void *output)
{
    const uint8_t *in = input;
    int32_t *narrow = output;
    int64_t *wide = output;
    for (int32_t i = 0; i < p->outer; i++) {
        for (int32_t j = 0; j < p->inner; j++) {
            const int32_t at = place(p, in + i * p->count * p->inner + j);
            if (p->wide) {
                *wide++ = at;
            } else {
                *narrow++ = at;
            }
        }
    }
}
