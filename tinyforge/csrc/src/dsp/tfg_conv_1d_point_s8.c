#include "tfg/tfg_conv_1d_point_s8.h"

#include "tfg_dsp.h"

void tfg_conv_1d_point_s8(const tfg_conv_1d_point_s8_t *p, const int8_t *input, int8_t *output)
{
    tfg_points_t points = {p->channels, p->channels + 4 * p->out_ch, output, p->out_ch, 0, 2 * p->zero_point + 1};
    int32_t left = p->places;
    for (; left >= 4; left -= 4) {
        points.x = tfg_load4(input);
        tfg_points(&points);
        points.output += 4 * p->out_ch;
        input += 4;
    }
    points.stride = 0;
    for (; left > 0; left--) {
        points.x = (uint8_t)*input++;
        tfg_points(&points);
        points.output += p->out_ch;
    }
    if (p->max - p->min != 255) {
        tfg_limit(output, p->places * p->out_ch, p->min, p->max);
    }
}
