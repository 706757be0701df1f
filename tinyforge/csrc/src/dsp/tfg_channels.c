#include "tfg_dsp.h"

/* The channels whose numbers do not fit their words, one output after the other */
static TFG_COLD void rare_channels(const tfg_channels_t *c, const int16_t *places, int32_t count, int8_t *output)
{
    for (const int32_t *rare = c->rare; *rare >= 0; rare += 3) {
        const int8_t *row = tfg_paired_row(c->filter, *rare, c->groups);
        for (int32_t slot = 0; slot < tfg_slots_of(count); slot++) {
            int32_t acc = rare[1];
            for (int32_t tap = 0; tap < 4 * c->groups; tap++) {
                acc += places[tap / 2 * 8 + slot * 2 + tap % 2] * row[tap * 2];
            }
            acc = tfg_add_wrap(tfg_requantize_shift(acc, c->multiplier[*rare], rare[2]), c->zero_point);
            output[tfg_place_of(slot, count) * c->out_ch + *rare] = tfg_clamp_s8(acc, c->min, c->max);
        }
    }
}

/* Greater or less of each of four signed bytes: SSUB8 sets GE where a >= b, SEL takes its first operand there */
static inline uint32_t limit4(uint32_t value, uint32_t min, uint32_t max)
{
    uint32_t difference;
    __asm__("ssub8 %1, %0, %2\n\tsel %0, %0, %2\n\tssub8 %1, %3, %0\n\tsel %0, %0, %3"
            : "+&r"(value), "=&r"(difference)
            : "r"(min), "r"(max));
    return value;
}

TFG_COLD void tfg_limit(int8_t *values, int32_t count, int32_t min, int32_t max)
{
    const uint32_t low = (uint8_t)min * 0x01010101U;
    const uint32_t high = (uint8_t)max * 0x01010101U;
    for (; count >= 4; count -= 4) {
        tfg_store4(values, limit4(tfg_load4(values), low, high));
        values += 4;
    }
    for (; count > 0; count--) {
        *values = tfg_clamp_s8(*values, min, max);
        values++;
    }
}

TFG_COLD void tfg_channels(const tfg_channels_t *c, const int16_t *places, int32_t count, int8_t *output)
{
    const int32_t step = count > 1 ? c->out_ch : 0;
    const tfg_tiles_t tiles = {
        places, places + c->groups * 16, c->multiplier, c->bias,   output, count == 4 ? step : count == 3 ? 0 : -step,
        step,   2 * c->zero_point + 1,   c->out_ch,     c->filter,
    };
    tfg_tiles(&tiles);
    if (c->rare != NULL) {
        rare_channels(c, places, count, output);
    }
    if (c->max - c->min != 255) {
        tfg_limit(output, count * c->out_ch, c->min, c->max);
    }
}
