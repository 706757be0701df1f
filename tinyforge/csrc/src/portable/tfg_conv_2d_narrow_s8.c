#include "tfg/tfg_conv_2d_narrow_s8.h"

#include "../tfg_internal.h"

#define TFG_NARROW tfg_conv_2d_narrow_s8_t

static inline int32_t place_of(int32_t at)
{
    return at / 4 * 4 + at % 2 * 2 + at % 4 / 2;
}

static inline int32_t offset_of(const TFG_NARROW *p, int32_t at)
{
    (void)p;
    return at;
}

#include "tfg_conv_2d_narrow.h"

void tfg_conv_2d_narrow_s8(const tfg_conv_2d_narrow_s8_t *p, const int8_t *input, int8_t *output, int16_t *scratch)
{
    (void)scratch; /* for the fast form */
    narrow_places(p, input, output);
}
