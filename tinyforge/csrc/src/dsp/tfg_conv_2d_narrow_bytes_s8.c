#include "tfg/tfg_conv_2d_narrow_bytes_s8.h"

#include "tfg_dsp.h"

#define TFG_NARROW tfg_conv_2d_narrow_bytes_s8_t

typedef struct {
    int32_t pairs;
    int8_t *line;
    int32_t *offsets; /* [pairs][2] of a row's values from the window's first byte */
} row_t;

static inline row_t row_of(const TFG_NARROW *p, int16_t *scratch)
{
    row_t row;
    row.pairs = p->pairs / p->kernel_h;
    row.offsets = (int32_t *)(void *)(scratch + p->pairs * 8);
    row.line = (int8_t *)(row.offsets + row.pairs * 2);
    return row;
}

/* That a window reaches */
static inline int32_t columns_of(const TFG_NARROW *p)
{
    return (p->kernel_w - 1) * p->dilation_w + 1;
}

/* Bytes that are read behind a row of a window */
static inline int32_t behind_of(const TFG_NARROW *p)
{
    (void)p;
    return 0;
}

static inline void take_four(const row_t *row, const int8_t *from, int32_t stride, int16_t *to)
{
    tfg_pick_four(to, from, stride, row->offsets, row->pairs);
}

static inline void take_one(const row_t *row, const int8_t *from, int16_t *to)
{
    const int32_t *offsets = row->offsets;
    for (int32_t pair = row->pairs; pair > 0; pair--) {
        to[0] = from[offsets[0]];
        to[1] = from[offsets[1]];
        offsets += 2;
        to += 8;
    }
}

#include "tfg_narrow.h"

void tfg_conv_2d_narrow_bytes_s8(const tfg_conv_2d_narrow_bytes_s8_t *p, const int8_t *input, int8_t *output,
                                 int16_t *scratch)
{
    int32_t *offsets = row_of(p, scratch).offsets;
    for (int32_t kx = 0; kx < p->kernel_w; kx++) {
        for (int32_t in = 0; in < p->in_ch; in++) {
            *offsets++ = kx * p->dilation_w * p->in_ch + in;
        }
    }
    if (p->kernel_w * p->in_ch % 2 != 0) {
        *offsets = 0; /* meets a weight of 0 */
    }
    narrow_places(p, input, output, scratch);
}
