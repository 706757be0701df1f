/* What the application asks of the virtual board; see tfw_hal.h. Runs under QEMU's mps2-an386 too, without an IMU. */
#include "tfw_eembc.h"
#include "tfw_flash.h"
#include "tfw_hal.h"
#include "virtual_m4.h"

#ifndef TFW_CLOCK_HZ
#define TFW_CLOCK_HZ 25000000u
#endif

#define STACK_PAINT 0xA5C3A5C3u

const char tfw_board_name[] = "virtual";

extern uint32_t __stack_limit[], __stack_top[];

static bool has_board_block; /* false under QEMU */
static uint64_t ticks;       /* of the timer since tfw_hal_init */
static uint32_t timer_seen;
static uint32_t imu_rate_mhz;

void tfw_hal_init(void)
{
    TIMER_RELOAD = UINT32_MAX;
    TIMER_VALUE = UINT32_MAX;
    TIMER_CTRL = 1u;
    timer_seen = TIMER_VALUE;
    for (uint32_t n = 0; n < 2; n++) {
        UART_BAUDDIV(n) = 16u;
        UART_CTRL(n) = 3u;
    }
    has_board_block = BOARD_ID == BOARD_ID_VALUE;
}

size_t tfw_hal_read(uint8_t *data, size_t cap)
{
    if (has_board_block) {
        LINK_ADDRESS = (uint32_t)(uintptr_t)data;
        LINK_RECEIVE = (uint32_t)cap;
        return LINK_RECEIVE;
    }
    size_t count = 0;
    while (count < cap && (UART_STATE(0) & UART_RX_FULL) != 0) {
        data[count++] = (uint8_t)UART_DATA(0);
    }
    return count;
}

static void uart_write(uint32_t n, uint8_t byte)
{
    while ((UART_STATE(n) & UART_TX_FULL) != 0) {
    }
    UART_DATA(n) = byte;
}

void tfw_hal_write(const uint8_t *data, size_t count)
{
    if (has_board_block) {
        LINK_ADDRESS = (uint32_t)(uintptr_t)data;
        LINK_SEND = (uint32_t)count;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        uart_write(0, data[i]);
    }
}

void tfw_hal_log(const char *text)
{
    while (*text != '\0') {
        uart_write(1, (uint8_t)*text++);
    }
    uart_write(1, '\n');
}

/* The timer counts down and wraps after 2^32 ticks (171 s at 25 MHz); tfw_hal_idle looks often enough. */
static uint64_t ticks_now(void)
{
    const uint32_t value = TIMER_VALUE;
    ticks += timer_seen - value;
    timer_seen = value;
    return ticks;
}

static uint32_t ticks_to_micros(uint64_t count)
{
#if TFW_CLOCK_HZ % 1000000u == 0
    return (uint32_t)(count / (TFW_CLOCK_HZ / 1000000u));
#else
    return (uint32_t)(count * 1000000u / TFW_CLOCK_HZ);
#endif
}

uint32_t tfw_hal_micros(void)
{
    return ticks_to_micros(ticks_now());
}

uint32_t tfw_hal_cycles(void)
{
    return (uint32_t)ticks_now();
}

bool tfw_hal_imu_start(uint32_t rate_mhz)
{
    IMU_RATE_MHZ = rate_mhz;
    imu_rate_mhz = IMU_RATE_MHZ; /* 0 when the sensor does not have this rate, and under QEMU */
    return imu_rate_mhz != 0;
}

bool tfw_hal_imu_read(float sample[TFW_CHANNELS], uint32_t *index, uint32_t *time_us)
{
    if (imu_rate_mhz == 0 || IMU_WAITING == 0) {
        return false;
    }
    volatile imu_sample_t taken;
    IMU_FETCH = (uint32_t)(uintptr_t)&taken;
    for (int i = 0; i < TFW_CHANNELS; i++) {
        sample[i] = taken.value[i];
    }
    *index = taken.index;
    *time_us = ticks_to_micros((uint64_t)taken.ticks_high << 32 | taken.ticks_low);
    return true;
}

void tfw_hal_imu_stop(void)
{
    IMU_RATE_MHZ = 0;
    imu_rate_mhz = 0;
}

uint32_t tfw_hal_imu_rate_mhz(void)
{
    return imu_rate_mhz != 0 ? imu_rate_mhz : IMU_USUAL_MHZ;
}

void tfw_hal_idle(void)
{
    ticks_now();
    BOARD_IDLE = 1;
    ticks_now();
}

void tfw_hal_led(bool on)
{
    BOARD_LED = on ? 1u : 0u;
}

void tfw_hal_timestamp_pin(bool is_high)
{
    BOARD_PIN = is_high ? 1u : 0u;
}

void tfw_hal_watchdog(void)
{
    static bool is_running;
    if (!is_running) {
        is_running = true;
        WATCHDOG_START = 8000u;
    }
    WATCHDOG_FEED = 1u;
}

/* The last 128 KiB of 1 MiB. */
const tfw_flash_t tfw_hal_flash = {0x000E0000u, 0x20000u, 4096u};

bool tfw_hal_flash_erase(uint32_t page_address)
{
    FLASH_ERASE = page_address;
    return FLASH_FAILED == 0;
}

bool tfw_hal_flash_program(uint32_t address, const uint8_t *data, size_t count)
{
    FLASH_SOURCE = (uint32_t)(uintptr_t)data;
    FLASH_TARGET = address;
    FLASH_PROGRAM = (uint32_t)count;
    return FLASH_FAILED == 0;
}

uint32_t tfw_hal_stack_high_water(void)
{
    const uint32_t *word = __stack_limit;
    while (word < __stack_top && *word == STACK_PAINT) {
        word++;
    }
    return (uint32_t)((const uint8_t *)__stack_top - (const uint8_t *)word);
}

uint32_t tfw_hal_reset_reason(void)
{
    return BOARD_RESET_REASON;
}
