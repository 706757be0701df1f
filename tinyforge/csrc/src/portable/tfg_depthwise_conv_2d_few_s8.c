#include "tfg/tfg_depthwise_conv_2d_few_s8.h"

#define TFG_DEPTHWISE_CONV_2D tfg_depthwise_conv_2d_few_s8_t
#define TFG_LANES             4
#define TFG_DEPTH_MULTIPLIER  1
#include "tfg_depthwise_conv_2d.h"

void tfg_depthwise_conv_2d_few_s8(const tfg_depthwise_conv_2d_few_s8_t *p, const int8_t *input, int8_t *output,
                                  int16_t *scratch)
{
    (void)scratch; /* for the fast form */
    tfg_depthwise_conv_2d(p, input, output);
}
