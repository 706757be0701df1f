#include "tfg/tfg_conv_2d_narrow_s8.h"

#include "tfg_dsp.h"

#define TFG_NARROW tfg_conv_2d_narrow_s8_t

typedef struct {
    int32_t pairs;
    int8_t *line;
} row_t;

static inline row_t row_of(const TFG_NARROW *p, int16_t *scratch)
{
    const row_t row = {p->pairs / p->kernel_h, (int8_t *)(scratch + (p->pairs + 1) * 8)};
    return row;
}

/* That a window reaches */
static inline int32_t columns_of(const TFG_NARROW *p)
{
    return p->kernel_w;
}

/* Bytes that are read behind a row of a window: they meet weights of 0 */
static inline int32_t behind_of(const TFG_NARROW *p)
{
    return -(p->kernel_w * p->in_ch) & 3;
}

static inline void take_four(const row_t *row, const int8_t *from, int32_t stride, int16_t *to)
{
    tfg_expand_four(to, from, stride, (row->pairs + 1) / 2);
}

static inline void take_one(const row_t *row, const int8_t *from, int16_t *to)
{
    tfg_expand(to, from, (row->pairs + 1) / 2);
}

#include "tfg_narrow.h"

void tfg_conv_2d_narrow_s8(const tfg_conv_2d_narrow_s8_t *p, const int8_t *input, int8_t *output, int16_t *scratch)
{
    narrow_places(p, input, output, scratch);
}
