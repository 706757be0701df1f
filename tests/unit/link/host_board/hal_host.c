/*
 * A board for tests: the application of firmware/common as a process of the host, its link on standard input and
 * output. Its clock is virtual: a microsecond passes with every look at it, and sleeping while the sensor runs goes
 * straight to the next sample, so it streams as fast as its reader reads.
 *
 *     hal_host [lose FIRST COUNT] [lose-every READ COUNT] [restart-at INDEX] [noise]
 *         lose         the sensor's queue "overflows": COUNT samples from FIRST on are never read
 *         lose-every   the same again and again, after READ samples each time
 *         noise        samples are numbers of -4 to 4 without order, in place of a ramp
 *         restart-at   the board starts again when it takes this sample, and says the watchdog did it
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tfw_app.h"
#include "tfw_hal.h"
#include "tfw_protocol.h"

const char tfw_board_name[] = "host";

static uint32_t now_us = 4294000000u; /* wraps after about a second */
static bool noise;
static uint32_t lose_every, lose_first, lose_count, restart_at = UINT32_MAX;
static uint32_t reset_reason = TFW_RESET_POWER_ON;
static bool restart_wanted;

static struct {
    bool running;
    uint32_t rate_mhz;
    uint32_t next_index;
    uint32_t start_us;
} imu = {.rate_mhz = 100000};

static uint32_t sample_time_us(uint32_t index)
{
    return imu.start_us + (uint32_t)((uint64_t)(index + 1u) * 1000000000u / imu.rate_mhz);
}

void tfw_hal_init(void)
{
    memset(&imu, 0, sizeof imu);
    imu.rate_mhz = 100000;
}

size_t tfw_hal_read(uint8_t *data, size_t cap)
{
    struct pollfd in = {.fd = 0, .events = POLLIN};
    if (poll(&in, 1, 0) <= 0) {
        return 0;
    }
    const ssize_t count = read(0, data, cap);
    if (count <= 0) {
        exit(0); /* the test has closed the link */
    }
    return (size_t)count;
}

void tfw_hal_write(const uint8_t *data, size_t count)
{
    while (count > 0) {
        const ssize_t sent = write(1, data, count);
        if (sent < 0 && errno != EINTR) {
            exit(0);
        }
        data += sent;
        count -= (size_t)sent;
    }
}

void tfw_hal_log(const char *text)
{
    fprintf(stderr, "%s\n", text);
}

uint32_t tfw_hal_micros(void)
{
    return now_us++;
}

uint32_t tfw_hal_cycles(void)
{
    now_us++;
    return now_us * 64u;
}

bool tfw_hal_imu_start(uint32_t rate_mhz)
{
    imu.running = rate_mhz >= 1000u && rate_mhz <= 2000000u;
    if (imu.running) {
        imu.rate_mhz = rate_mhz;
        imu.next_index = 0;
        lose_first = lose_every != 0u ? lose_every : lose_first;
        imu.start_us = now_us;
    }
    return imu.running;
}

/* The finalizer of MurmurHash3 as a number of -4 to 4. */
static float noise_at(uint32_t x)
{
    x = (x ^ x >> 16) * 0x85ebca6bu;
    x = (x ^ x >> 13) * 0xc2b2ae35u;
    return (float)((x ^ x >> 16) >> 8) * 0x1p-21f - 4.0f;
}

bool tfw_hal_imu_read(float sample[TFW_CHANNELS], uint32_t *index, uint32_t *time_us)
{
    if (!imu.running) {
        return false;
    }
    if (lose_count > 0 && imu.next_index == lose_first) {
        imu.next_index += lose_count;
        lose_first += lose_every != 0u ? lose_every + lose_count : 0u;
    }
    if ((int32_t)(now_us - sample_time_us(imu.next_index)) < 0) {
        return false;
    }
    if (imu.next_index >= restart_at) {
        restart_wanted = true;
        return false;
    }
    *index = imu.next_index++;
    *time_us = sample_time_us(*index);
    for (int c = 0; c < TFW_CHANNELS; c++) {
        sample[c] = noise ? noise_at(*index * TFW_CHANNELS + (uint32_t)c) : (float)*index + 0.125f * (float)c;
    }
    return true;
}

void tfw_hal_imu_stop(void)
{
    imu.running = false;
}

uint32_t tfw_hal_imu_rate_mhz(void)
{
    return imu.rate_mhz;
}

void tfw_hal_idle(void)
{
    if (imu.running) {
        const uint32_t next_us = sample_time_us(imu.next_index);
        if ((int32_t)(next_us - now_us) > 0) {
            now_us = next_us;
        }
        return;
    }
    struct pollfd in = {.fd = 0, .events = POLLIN};
    poll(&in, 1, -1);
}

void tfw_hal_led(bool on)
{
    (void)on;
}

void tfw_hal_watchdog(void)
{
}

uint32_t tfw_hal_stack_high_water(void)
{
    return 1234;
}

uint32_t tfw_hal_reset_reason(void)
{
    return reset_reason;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "lose") == 0 && i + 2 < argc) {
            lose_first = (uint32_t)strtoul(argv[++i], NULL, 10);
            lose_count = (uint32_t)strtoul(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "lose-every") == 0 && i + 2 < argc) {
            lose_every = (uint32_t)strtoul(argv[++i], NULL, 10);
            lose_count = (uint32_t)strtoul(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "noise") == 0) {
            noise = true;
        } else if (strcmp(argv[i], "restart-at") == 0 && i + 1 < argc) {
            restart_at = (uint32_t)strtoul(argv[++i], NULL, 10);
        } else {
            fprintf(stderr, "hal_host: %s?\n", argv[i]);
            return 2;
        }
    }
    if (getenv("HAL_HOST_RESTARTED") != NULL) {
        reset_reason = TFW_RESET_WATCHDOG;
    }
    signal(SIGPIPE, SIG_IGN); /* a closed link ends the process in tfw_hal_write, as an end and not as a crash */
    tfw_setup();
    for (;;) {
        tfw_loop();
        if (restart_wanted) { /* a process keeps its memory: starting again in a new one is as near as it gets */
            char *const again[] = {argv[0], NULL};
            setenv("HAL_HOST_RESTARTED", "1", 1);
            execv(argv[0], again);
        }
    }
}
