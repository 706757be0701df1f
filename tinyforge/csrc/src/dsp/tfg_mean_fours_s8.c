#include "tfg/tfg_mean_fours_s8.h"

#include "tfg_dsp.h"

/* Sums of four numbers that lie side by side, over one loop; 255 of them fit into 16 bits */
static void add_fours(const int8_t *at, int32_t step, int32_t count, int32_t *sums)
{
    while (count > 0) {
        uint32_t even = 0;
        uint32_t odd = 0;
        for (int32_t left = tfg_min(count, 255); left > 0; left--) {
            const uint32_t four = tfg_load4(at);
            even = tfg_sxtab16(even, four);
            odd = tfg_sxtab16_ror8(odd, four);
            at += step;
        }
        sums[0] += (int16_t)even;
        sums[1] += (int16_t)odd;
        sums[2] += (int32_t)even >> 16;
        sums[3] += (int32_t)odd >> 16;
        count -= 255;
    }
}

/* Sums of four outputs that lie side by side in the input */
static TFG_NOINLINE void four(const tfg_mean_fours_s8_t *p, const int8_t *input, int32_t *sums)
{
    for (int32_t i = 0; i < 4; i++) {
        sums[i] = p->bias;
    }
    for (int32_t i = 0; i < p->count_0; i++) {
        for (int32_t j = 0; j < p->count_1; j++) {
            add_fours(input + i * p->stride_0 + j * p->stride_1, p->stride_2, p->count_2, sums);
        }
    }
}

static TFG_NOINLINE int32_t one(const tfg_mean_fours_s8_t *p, const int8_t *input)
{
    int32_t sum = p->bias;
    const int32_t step = p->stride_2;
    for (int32_t i = 0; i < p->count_0; i++) {
        for (int32_t j = 0; j < p->count_1; j++) {
            const int8_t *at = input + i * p->stride_0 + j * p->stride_1;
            int32_t left = p->count_2;
            if (step == 1) {
                for (; left >= 4; left -= 4) {
                    const uint32_t number = tfg_load4(at);
                    const uint32_t twos = tfg_sxtab16_ror8(tfg_sxtb16(number), number);
                    sum = tfg_smlad(twos, 0x10001U, sum);
                    at += 4;
                }
            }
            for (; left > 0; left--) {
                sum += *at;
                at += step;
            }
        }
    }
    return sum;
}

void tfg_mean_fours_s8(const tfg_mean_fours_s8_t *p, const int8_t *input, int8_t *output)
{
    for (int32_t i = 0; i < p->kept_0; i++) {
        for (int32_t j = 0; j < p->kept_1; j++) {
            const int8_t *at = input + i * p->kept_stride_0 + j * p->kept_stride_1;
            for (int32_t left = p->kept_2; left > 0;) {
                int32_t sums[4];
                int32_t together = 1;
                if (p->kept_stride_2 == 1 && left >= 4) {
                    together = 4;
                    four(p, at, sums);
                } else {
                    sums[0] = one(p, at);
                }
                for (int32_t k = 0; k < together; k++) {
                    const int32_t mean = tfg_requantize(sums[k], p->multiplier, p->exponent);
                    *output++ = tfg_clamp_s8(tfg_add_wrap(mean, p->zero_point), INT8_MIN, INT8_MAX);
                }
                at += together * p->kept_stride_2;
                left -= together;
            }
        }
    }
}
