#include "tfg/tfg_conv_2d_single_s8.h"

#define TFG_SINGLE tfg_conv_2d_single_s8_t

#include "tfg_conv_2d_single.h"

void tfg_conv_2d_single_s8(const tfg_conv_2d_single_s8_t *p, const int8_t *input, int8_t *output, int8_t *scratch)
{
    (void)scratch; /* for the fast form */
    single_places(p, input, output);
}
