/* How src/dsp takes windows from an input with padding around it */
#include "tfg_dsp.h"

TFG_COLD void tfg_take_window(const int8_t *input, int32_t bytes, int32_t start, int32_t groups, int32_t pad_value,
                              int16_t *place)
{
    while (groups > 0) {
        int32_t count = start < 0 ? 0 : tfg_min(groups, (bytes - start) / 4);
        if (count > 0) {
            tfg_expand(place, input + start, count);
        } else { /* partly or wholly outside */
            int8_t four[4];
            for (int32_t i = 0; i < 4; i++) {
                const int32_t at = start + i;
                four[i] = (int8_t)((uint32_t)at < (uint32_t)bytes ? input[at] : pad_value);
            }
            count = 1;
            tfg_expand(place, four, count);
        }
        groups -= count;
        start += count * 4;
        place += count * 16;
    }
}

static int8_t *fill(int8_t *to, int32_t value, int32_t count)
{
    int8_t *const end = to + count;
    for (; to < end; to += 4) { /* up to three bytes behind are written over, or are spare */
        tfg_store4(to, (uint8_t)value * 0x01010101U);
    }
    return end;
}

TFG_COLD int8_t *tfg_copy_bytes(int8_t *to, const int8_t *from, int32_t count)
{
    int8_t *const end = to + count;
    for (; count >= 4; count -= 4) {
        tfg_store4(to, tfg_load4(from));
        to += 4;
        from += 4;
    }
    while (to < end) {
        *to++ = *from++;
    }
    return end;
}

TFG_COLD void tfg_pad_row(int8_t *line, const int8_t *row, int32_t bytes, int32_t start, int32_t count,
                          int32_t pad_value)
{
    const int32_t from = tfg_min(tfg_max(-start, 0), count);
    const int32_t end = tfg_max(tfg_min(bytes - start, count), from);
    line = fill(line, pad_value, from);
    line = tfg_copy_bytes(line, row + start + from, end - from);
    fill(line, pad_value, count - end);
}
