#include "tfg/tfg_conv_2d_narrow_bytes_s8.h"

#include "../tfg_internal.h"

#define TFG_NARROW tfg_conv_2d_narrow_bytes_s8_t

static inline int32_t place_of(int32_t at)
{
    return at;
}

static inline int32_t offset_of(const TFG_NARROW *p, int32_t at)
{
    return at / p->in_ch * p->dilation_w * p->in_ch + at % p->in_ch;
}

#include "tfg_conv_2d_narrow.h"

void tfg_conv_2d_narrow_bytes_s8(const tfg_conv_2d_narrow_bytes_s8_t *p, const int8_t *input, int8_t *output,
                                 int16_t *scratch)
{
    (void)scratch; /* for the fast form */
    narrow_places(p, input, output);
}
