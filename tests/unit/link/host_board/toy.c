#include "toy.h"

#include <string.h>

static int state; /* grows with every inference: only a reset before each makes them equal */

static int8_t clamp(int value)
{
    return (int8_t)(value < -128 ? -128 : value > 127 ? 127 : value);
}

/* Truncated towards zero, saturated. */
void toy_preprocess(const float *raw, int8_t *input)
{
    for (int i = 0; i < TOY_VALUES; i++) {
        input[i] = raw[i] >= 127.0f ? 127 : raw[i] <= -128.0f ? -128 : (int8_t)raw[i];
    }
}

/* Score k: the sum of the inputs k, k + 3, k + 6, ..., and one more for every inference since the reset. */
void toy_invoke(const int8_t *input, int8_t *output)
{
    int sums[3] = {state, state, state};
    for (int i = 0; i < TOY_VALUES; i++) {
        sums[i % 3] += input[i];
    }
    for (int k = 0; k < 3; k++) {
        output[k] = clamp(sums[k]);
    }
    state++;
}

void toy_reset(void)
{
    state = 0;
}

#ifdef TOY_HOP
static int8_t kept[TOY_VALUES];
static int resets;

void toy_preprocess_samples(const float *raw, int8_t *input, int32_t samples)
{
    for (int i = 0; i < samples * TOY_CHANNELS; i++) {
        input[i] = raw[i] >= 127.0f ? 127 : raw[i] <= -128.0f ? -128 : (int8_t)raw[i];
    }
}

/* Scores 0 and 1 as toy_invoke gives them after a reset; score 2, too, with TOY_SUMS, else how often toy_slide_reset was
 * called. */
void toy_slide(const int8_t *samples, int8_t *output)
{
    const size_t bytes = TOY_HOP * TOY_CHANNELS;
    int sums[3] = {0, 0, 0};
    memmove(kept, kept + bytes, sizeof kept - bytes);
    memcpy(kept + sizeof kept - bytes, samples, bytes);
    for (int i = 0; i < TOY_VALUES; i++) {
        sums[i % 3] += kept[i];
    }
    output[0] = clamp(sums[0]);
    output[1] = clamp(sums[1]);
#ifdef TOY_SUMS
    output[2] = clamp(sums[2]);
#else
    output[2] = clamp(resets);
#endif
}

void toy_slide_reset(void)
{
    memset(kept, 0x7f, sizeof kept); /* a window that is not full cannot look right */
    resets++;
}
#endif
