#include "tfg/tfg_conv_1d_point_s8.h"

#include "tfg_dsp.h"

void tfg_conv_1d_point_s8(const tfg_conv_1d_point_s8_t *p, const int8_t *input, int8_t *output)
{
    const int32_t fours = p->places / 4;
    tfg_points_t points = {
        p->channels, p->channels + 4 * p->out_ch, output, p->out_ch, input, 2 * p->zero_point + 1, fours,
    };
    if (fours > 0) {
        tfg_points(&points);
    }
    points.stride = 0;
    points.fours = 1;
    for (int32_t place = fours * 4; place < p->places; place++) {
        const uint32_t x = (uint8_t)input[place];
        points.x = (const int8_t *)&x;
        points.output = output + place * p->out_ch;
        tfg_points(&points);
    }
    if (p->max - p->min != 255) {
        tfg_limit(output, p->places * p->out_ch, p->min, p->max);
    }
}
