"""Programs for the virtual board that several tests use."""

from __future__ import annotations

import numpy as np

ECHO = """
#include "tfw_app.h"
#include "tfw_hal.h"
void tfw_setup(void) { tfw_hal_init(); tfw_hal_log("echo is here"); }
void tfw_loop(void)
{
    uint8_t data[64];
    size_t count = tfw_hal_read(data, sizeof data);
    for (size_t i = 0; i < count; i++) {
        data[i] ^= 0x20;
    }
    if (count != 0) {
        tfw_hal_write(data, count);
    } else {
        tfw_hal_idle();
    }
}
"""

#: Answers every byte with its clocks: micros and cycles, little-endian.
CLOCKS = """
#include "tfw_app.h"
#include "tfw_hal.h"
static void send(uint32_t value) { tfw_hal_write((const uint8_t *)&value, 4); }
void tfw_setup(void) { tfw_hal_init(); }
void tfw_loop(void)
{
    uint8_t byte;
    if (tfw_hal_read(&byte, 1) == 0) {
        tfw_hal_idle();
        return;
    }
    send(tfw_hal_micros());
    send(tfw_hal_cycles());
    send(tfw_hal_reset_reason());
    send(tfw_hal_stack_high_water());
    if (byte == 'r') {
        *(volatile uint32_t *)0xE000ED0Cu = 0x05FA0004u; /* AIRCR: SYSRESETREQ */
    }
}
"""

#: 's' + rate starts the sensor and answers its rate; 'w' + micros works so long without looking; samples are sent.
SENSOR = """
#include "tfw_app.h"
#include "tfw_hal.h"
static uint32_t number(void)
{
    uint8_t bytes[4];
    for (int i = 0; i < 4; i += tfw_hal_read(&bytes[i], 1) == 1) {
    }
    return bytes[0] | bytes[1] << 8 | bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}
static void send(uint32_t value) { tfw_hal_write((const uint8_t *)&value, 4); }
void tfw_setup(void) { tfw_hal_init(); }
void tfw_loop(void)
{
    uint8_t byte;
    if (tfw_hal_read(&byte, 1) == 1) {
        uint32_t argument = number();
        if (byte == 's') {
            tfw_hal_imu_start(argument);
            send(tfw_hal_imu_rate_mhz());
            send(tfw_hal_micros());
        } else {
            uint32_t from = tfw_hal_micros();
            while (tfw_hal_micros() - from < argument) {
            }
        }
    }
    struct { uint32_t index, time_us; float value[6]; } sample;
    if (tfw_hal_imu_read(sample.value, &sample.index, &sample.time_us)) {
        tfw_hal_write((const uint8_t *)&sample, sizeof sample);
    } else {
        tfw_hal_idle();
    }
}
"""

# A model as a runtime would generate it, small enough to be read: 4 x 6 values in, three scores out.
TINY_SOURCES = {
    "tiny.h": """
#include <stdint.h>
void tiny_invoke(const int8_t *input, int8_t *output);
void tiny_preprocess(const float *raw, int8_t *input);
""",
    "tiny.c": """
#include "tiny.h"
#include "kernels.h"
static int8_t arena[32] __attribute__((aligned(4)));
void tiny_invoke(const int8_t *input, int8_t *output)
{
    tiny_mix(input, arena);
    tiny_fold(arena, output);
}
void tiny_preprocess(const float *raw, int8_t *input)
{
    for (int i = 0; i < 24; i++) {
        float scaled = raw[i] * 16.0f;
        input[i] = (int8_t)(scaled > 127.0f ? 127.0f : scaled < -128.0f ? -128.0f : scaled);
    }
}
""",
    "kernels.h": """
#include <stdint.h>
void tiny_mix(const int8_t *input, int8_t *output);
void tiny_fold(const int8_t *input, int8_t *output);
""",
    "kernels.c": """
#include "kernels.h"
#include <string.h>
static const int8_t weights[32] = {1, -2, 3, -4, 5, -6, 7, -8, 9, -10, 11, -12, 13, -14, 15, -16,
                                   17, -18, 19, -20, 21, -22, 23, -24, 25, -26, 27, -28, 29, -30, 31, -32};
void tiny_mix(const int8_t *input, int8_t *output)
{
    for (int i = 0; i < 32; i++) {
        int32_t sum = 1 << 4;
        for (int j = 0; j < 24; j++) {
            sum += input[j] * weights[(i + j) & 31];
        }
        sum >>= 5;
        output[i] = (int8_t)(sum > 127 ? 127 : sum < -128 ? -128 : sum);
    }
}
void tiny_fold(const int8_t *input, int8_t *output)
{
    int8_t copy[32];
    memcpy(copy, input, sizeof copy);
    for (int i = 0; i < 3; i++) {
        int32_t divisor = copy[31 - i] == 0 ? 1 : copy[31 - i];
        output[i] = (int8_t)(copy[i] * copy[8 + i] / divisor / 4);
    }
}
""",
}


def tiny_reference(data: bytes) -> bytes:
    """What the tiny model gives, in Python."""
    weights = [(i + 1) * (1 if i % 2 == 0 else -1) for i in range(32)]
    values = [byte - 256 if byte > 127 else byte for byte in data]
    mixed = [
        max(-128, min(127, (16 + sum(values[j] * weights[(i + j) & 31] for j in range(24))) >> 5)) for i in range(32)
    ]
    outputs = []
    for i in range(3):
        quotient = _divide(_divide(mixed[i] * mixed[8 + i], mixed[31 - i] or 1), 4)
        outputs.append(quotient & 0xFF)
    return bytes(outputs)


def _divide(a: int, b: int) -> int:
    """C's division: towards zero."""
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def tiny_scores(window: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the tiny model makes of a window float32 [4, 6]: quantized input int8 [24], scores int8 [3]."""
    scaled = window.astype(np.float32).ravel() * np.float32(16.0)
    quantized = np.clip(scaled, -128, 127).astype(np.int8)
    return quantized, np.frombuffer(tiny_reference(quantized.tobytes()), np.int8)
