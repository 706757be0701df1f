#include "tfg/tfg_conv_1d_packed_s8.h"

#include "../tfg_packed.h"
#include "tfg_dsp.h"

/* Sums of four places */
typedef struct {
    int32_t of[4];
} sums_t;

/* A weight times one input of the four places */
static inline void add(sums_t *sums, const int16_t *input, uint32_t weight)
{
    uint32_t pairs[2];
    __builtin_memcpy(pairs, __builtin_assume_aligned(input, 4), 8);
    sums->of[0] = tfg_smlabb(pairs[0], weight, sums->of[0]);
    sums->of[1] = tfg_smlatb(pairs[0], weight, sums->of[1]);
    sums->of[2] = tfg_smlabb(pairs[1], weight, sums->of[2]);
    sums->of[3] = tfg_smlatb(pairs[1], weight, sums->of[3]);
}

/* One channel of four places, whose inputs are [taps][4] int16; gives where the next row begins */
static inline const uint8_t *row_of(const tfg_conv_1d_packed_s8_t *p, const uint8_t *at, int32_t entries,
                                    const int16_t *input, sums_t *sums)
{
    const int8_t *book = p->book;
    if (p->form == TFG_PACKED_CODED) {
        for (const uint8_t *end = at + entries; at < end; at++) {
            const uint32_t entry = *at;
            input += 4 * (entry >> 4);
            add(sums, input, (uint32_t)book[entry & 15]);
        }
    } else if (p->form == TFG_PACKED_SPARSE) {
        for (const uint8_t *end = at + 3 * entries; at < end; at += 3) {
            const uint32_t distances = at[0];
            input += 4 * (distances >> 4);
            add(sums, input, (uint32_t)(int8_t)at[1]);
            input += 4 * (distances & 15);
            add(sums, input, (uint32_t)(int8_t)at[2]);
        }
    } else {
        for (int32_t pair = entries / 2; pair > 0; pair--) {
            const uint32_t places = *at++;
            add(sums, input, (uint32_t)book[places & 15]);
            add(sums, input + 4, (uint32_t)book[places >> 4]);
            input += 8;
        }
        if (entries % 2 != 0) {
            add(sums, input, (uint32_t)book[*at++ & 15]);
        }
    }
    return at;
}

/* The windows of four places, `stride` bytes apart, as [taps][4] int16; those beyond the last one repeat it */
static TFG_NOINLINE void gather(const tfg_conv_1d_packed_s8_t *p, const int8_t *input, int32_t start, int32_t count,
                                int16_t *to)
{
    const int32_t taps = p->kernel * p->in_ch;
    const int32_t bytes = p->in_len * p->in_ch;
    int32_t from[4];
    for (int32_t slot = 0; slot < 4; slot++) {
        from[slot] = start + tfg_min(slot, count - 1) * p->stride * p->in_ch;
    }
    int32_t tap = 0;
    if (start >= 0 && from[3] + taps <= bytes) {
        for (; tap + 4 <= taps; tap += 4) {
            for (int32_t pair = 0; pair < 2; pair++) {
                const uint32_t left = tfg_load4(input + from[2 * pair] + tap);
                const uint32_t right = tfg_load4(input + from[2 * pair + 1] + tap);
                const uint32_t even[2] = {tfg_sxtb16(left), tfg_sxtb16(right)};
                const uint32_t odd[2] = {tfg_sxtb16_ror8(left), tfg_sxtb16_ror8(right)};
                tfg_store4(to + 2 * pair, tfg_pkhbt(even[0], even[1]));
                tfg_store4(to + 2 * pair + 4, tfg_pkhbt(odd[0], odd[1]));
                tfg_store4(to + 2 * pair + 8, tfg_pkhtb(even[0], even[1]));
                tfg_store4(to + 2 * pair + 12, tfg_pkhtb(odd[0], odd[1]));
            }
            to += 16;
        }
    }
    for (; tap < taps; tap++) {
        for (int32_t slot = 0; slot < 4; slot++) {
            const int32_t at = from[slot] + tap;
            *to++ = (int16_t)(at >= 0 && at < bytes ? input[at] : p->pad_value);
        }
    }
}

/* Saturated to int8; shift 0..21, the zero point and half a step in `rounding` */
static inline int8_t rescaled(int32_t sum, int32_t multiplier, int32_t rounding, int32_t shift)
{
    int32_t value = tfg_smmulr(sum * 2, multiplier);
    value += value >> 31;
    value = (value + rounding) >> shift;
    __asm__("ssat %0, #8, %0, asr #1" : "+r"(value));
    return (int8_t)value;
}

/* One channel of places that are fewer than four, or of a channel whose shift is rare */
static TFG_COLD void finish(const tfg_conv_1d_packed_s8_t *p, int32_t channel, const sums_t *sums, int32_t count,
                            int8_t *output)
{
    for (int32_t slot = 0; slot < count; slot++) {
        const int32_t value = tfg_requantize_shift(sums->of[slot], p->multiplier[channel], p->shift[channel]);
        output[slot * p->out_ch] = tfg_clamp_s8(tfg_add_wrap(value, p->zero_point), p->min, p->max);
    }
}

void tfg_conv_1d_packed_s8(const tfg_conv_1d_packed_s8_t *p, const int8_t *input, int8_t *output, int16_t *scratch)
{
    const int32_t size = p->out_len * p->out_ch;
    const uint32_t twice = (uint32_t)(2 * p->zero_point + 1);
    for (int32_t batch = 0; batch < p->batches; batch++) {
        int8_t *to = output;
        for (int32_t step = 0; step < p->out_len; step += 4) {
            const int32_t count = tfg_min(p->out_len - step, 4);
            const int32_t stride = p->out_ch;
            const uint8_t *row = p->rows;
            gather(p, input, (step * p->stride - p->pad) * p->in_ch, count, scratch);
            for (int32_t channel = 0; channel < stride; channel++) {
                const int32_t bias = p->bias[channel];
                const int32_t multiplier = p->multiplier[channel];
                const int32_t shift = p->shift[channel];
                sums_t sums = {{bias, bias, bias, bias}};
                row = row_of(p, row, p->entries[channel], scratch, &sums);
                if (count == 4 && shift >= 0) {
                    const int32_t rounding = (int32_t)(twice << shift);
                    to[0] = rescaled(sums.of[0], multiplier, rounding, shift);
                    to[stride] = rescaled(sums.of[1], multiplier, rounding, shift);
                    to[2 * stride] = rescaled(sums.of[2], multiplier, rounding, shift);
                    to[3 * stride] = rescaled(sums.of[3], multiplier, rounding, shift);
                } else {
                    const sums_t rare = sums;
                    finish(p, channel, &rare, count, to);
                }
                to++;
            }
            to += (count - 1) * stride;
        }
        if (p->max - p->min != 255) {
            tfg_limit(output, size, p->min, p->max);
        }
        input += p->in_len * p->in_ch;
        output += size;
    }
}
