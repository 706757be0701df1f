/*
 * The window LIVE infers: consecutive samples, oldest first, always contiguous in memory because the network reads it
 * as one array. Sliding moves what two windows share, some thousand cycles for 6 KiB, against a second copy in RAM.
 */
#ifndef TFW_WINDOW_H
#define TFW_WINDOW_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Neither infinite nor NaN: what the host sends is looked at before it is used. */
static inline bool tfw_is_finite(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return (bits & 0x7f800000u) != 0x7f800000u;
}

typedef struct {
    float *values;        /* [length][channels], the caller's */
    uint16_t length;      /* samples, >= 1 */
    uint16_t channels;    /* >= 1 */
    uint16_t filled;      /* samples there are */
    uint16_t skip;        /* samples to pass over: hop > length */
    uint32_t first_index; /* number of the first sample */
    uint32_t next_index;  /* number the next sample must have */
} tfw_window_t;

void tfw_window_init(tfw_window_t *window, float *values, uint16_t length, uint16_t channels);

/* Adds a sample; true when the window is now full. A sample that does not follow the last one starts it anew:
 * no window has a gap. Not to be called on a full window. */
bool tfw_window_push(tfw_window_t *window, const float *sample, uint32_t index);

/* Drops the first `hop` samples of a full window, and passes over further ones when hop > length. */
void tfw_window_slide(tfw_window_t *window, uint16_t hop);

#endif
