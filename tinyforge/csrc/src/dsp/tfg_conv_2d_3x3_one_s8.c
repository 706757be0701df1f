#include "tfg/tfg_conv_2d_3x3_one_s8.h"

#include "tfg_dsp.h"

/* As tfg_depthwise_conv_2d_3x3_s8 prepares one of its channels */
static TFG_COLD void prepare(const tfg_conv_2d_3x3_one_s8_t *p, tfg_depthwise_channel_t *c)
{
    const int8_t *filter = p->filter;
    const int32_t far = 1 << 22; /* a bias that is nearer leaves room for products and shift */
    int32_t scale = 1;
    c->multiplier = (uint32_t)p->multiplier;
    c->shift = p->shift;
    if (p->zero_point == -128 && p->shift >= 2 && p->shift <= 8 && p->bias < far && p->bias > -far) {
        scale = 10 - p->shift;
        c->addend = 512 + (256 >> p->shift) - (128 << 10);
    } else {
        c->multiplier |= 1U << 31;
        c->addend = (int32_t)((uint32_t)(2 * p->zero_point + 1) << p->shift);
    }
    c->bias = p->bias * (1 << scale);
    for (int32_t column = 0; column < 3; column++) {
        const uint32_t w0 = (uint32_t)filter[0] << scale;
        const uint32_t w1 = (uint32_t)filter[3] << scale;
        const uint32_t w2 = (uint32_t)filter[6] << scale;
        c->weights[column][0] = tfg_pkhbt(w0, w1);
        c->weights[column][1] = tfg_pkhbt(w1, w2);
        filter++;
    }
}

/* Rows y and y + 1 as two int16, a word a column; the planes have room for four channels, of which one is there */
static TFG_NOINLINE void take(const tfg_conv_2d_3x3_one_s8_t *p, const int8_t *input, int32_t y, uint32_t *to,
                              int32_t left)
{
    const uint32_t pad = (uint8_t)p->pad_value * 0x01010101U;
    const int8_t *row[2];
    int32_t step[2];
    for (int32_t i = 0; i < 2; i++) {
        const int32_t inside = y + i >= 0 && y + i < p->in_h;
        row[i] = inside ? input + (y + i) * p->in_w : (const int8_t *)&pad;
        step[i] = inside;
    }
    for (; left >= 4; left -= 4) {
        const uint32_t upper = tfg_load4(row[0]);
        const uint32_t lower = tfg_load4(row[1]);
        const uint32_t even[2] = {tfg_sxtb16(upper), tfg_sxtb16(lower)};
        const uint32_t odd[2] = {tfg_sxtb16_ror8(upper), tfg_sxtb16_ror8(lower)};
        to[0] = tfg_pkhbt(even[0], even[1]);
        to[4] = tfg_pkhbt(odd[0], odd[1]);
        to[8] = tfg_pkhtb(even[0], even[1]);
        to[12] = tfg_pkhtb(odd[0], odd[1]);
        to += 16;
        row[0] += 4 * step[0];
        row[1] += 4 * step[1];
    }
    for (; left > 0; left--) {
        *to = tfg_pkhbt((uint32_t)*row[0], (uint32_t)*row[1]);
        to += 4;
        row[0] += step[0];
        row[1] += step[1];
    }
}

void tfg_conv_2d_3x3_one_s8(const tfg_conv_2d_3x3_one_s8_t *p, const int8_t *input, int8_t *output, int16_t *scratch)
{
    const int32_t columns = (p->out_w - 1) * p->stride + 3;
    const int32_t inside = tfg_min(p->in_w, columns - p->pad_w);
    const int32_t rows = 3 - p->stride; /* of outputs between two pairs of rows */
    const int32_t size = p->out_h * p->out_w;
    uint32_t *planes[2] = {(uint32_t *)(void *)scratch, (uint32_t *)(void *)scratch + columns * 4};
    tfg_depthwise_channel_t channel;
    tfg_depthwise_row_t row; /* member by member: an initializer would call memset */
    prepare(p, &channel);
    for (int32_t column = 0; column < columns; column++) {
        if ((uint32_t)(column - p->pad_w) >= (uint32_t)p->in_w) {
            planes[0][column * 4] = planes[1][column * 4] = (uint16_t)p->pad_value * 0x10001U;
        }
    }
    row.channels = &channel;
    row.output_stride = 1;
    row.twos = p->out_w / 2 * p->stride * 32;
    row.all = p->out_w * p->stride * 16;
    row.left = 1;
    row.stride = p->stride;
    for (int32_t batch = 0; batch < p->batches; batch++) {
        int32_t y = -p->pad_h;
        row.output = output;
        take(p, input, y, planes[0] + p->pad_w * 4, inside);
        for (int32_t out_y = 0; out_y < p->out_h; out_y += rows) {
            const int32_t lower = (y + p->pad_h) / 2 % 2 == 0;
            y += 2;
            take(p, input, y, planes[lower] + p->pad_w * 4, inside);
            row.upper = planes[!lower];
            row.lower = planes[lower];
            row.output_below = rows == 2 && out_y + 1 < p->out_h ? row.output + p->out_w : row.output;
            tfg_depthwise_3x3(&row);
            row.output = row.output_below + p->out_w;
        }
        if (p->max - p->min != 255) {
            tfg_limit(output, size, p->min, p->max);
        }
        input += p->in_h * p->in_w;
        output += size;
    }
}
