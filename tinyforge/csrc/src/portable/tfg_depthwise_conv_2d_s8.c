#include "tfg/tfg_depthwise_conv_2d_s8.h"

#define TFG_DEPTHWISE_CONV_2D tfg_depthwise_conv_2d_s8_t
#include "tfg_depthwise_conv_2d.h"

void tfg_depthwise_conv_2d_s8(const tfg_depthwise_conv_2d_s8_t *p, const int8_t *input, int8_t *output)
{
    tfg_depthwise_conv_2d(p, input, output);
}
