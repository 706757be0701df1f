/*
 * What the application asks of an ST B-L475E-IOT01A (STM32L475VG, stm32duino); see tfw_hal.h. The link is the virtual
 * COM port of its ST-LINK, in energy mode the UART on D0 and D1. The LSM6DSL keeps samples in its own FIFO, so none is lost while the network runs, and
 * nothing has to interrupt it.
 */
#include <Arduino.h>

#include "chips/arduino_link.h"
#include "chips/stm32l4.h"
#include "lsm6dsl.h"
#include "tfw_eembc.h"
#include "tfw_hal.h"
#include "tfw_protocol.h"

extern "C" {

const char tfw_board_name[] = "b_l475e_iot01a";

/* Of the core: moves the end of the heap by so many bytes, and says where it was. The stack comes down towards it. */
void *_sbrk(int bytes);
extern uint32_t _estack[];
}

namespace
{

constexpr uint32_t usual_rate_mhz = 104000;
#ifdef TFW_EEMBC_ENERGY
constexpr uint32_t link_baud = TFW_EEMBC_ENERGY_BAUD;
HardwareSerial link_port(PA1, PA0);
#else
constexpr uint32_t link_baud = 115200; /* what the host opens a port with */
auto &link_port = Serial;
#endif
constexpr uint32_t timestamp_pin = PA4; /* D7 */

bool has_imu = false;
uint32_t rate_mhz = 0; /* 0: stopped */
uint32_t next_index = 0;
uint32_t reset_reason = TFW_RESET_UNKNOWN;
constexpr uint32_t stack_paint = 0xA5C3A5C3u;

uint32_t *heap_end()
{
    const uintptr_t end = reinterpret_cast<uintptr_t>(_sbrk(0));
    return reinterpret_cast<uint32_t *>((end + 3u) & ~static_cast<uintptr_t>(3u));
}

/* What the stack has not used. */
void paint_stack()
{
    uint32_t *const used = static_cast<uint32_t *>(__builtin_frame_address(0)) - 32;
    for (uint32_t *word = heap_end(); word < used; word++) {
        *word = stack_paint;
    }
}

} // namespace

void tfw_hal_init(void)
{
    paint_stack();
    reset_reason = stm32l4_take_reset_reason();
    link_port.begin(link_baud);
#ifdef TFW_EEMBC_ENERGY
    pinMode(timestamp_pin, OUTPUT);
#endif
    pinMode(PB14, OUTPUT);
    stm32l4_start_cycle_counter();
    has_imu = lsm6dsl_begin();
}

size_t tfw_hal_read(uint8_t *data, size_t cap)
{
    return arduino_read(link_port, data, cap);
}

void tfw_hal_write(const uint8_t *data, size_t count)
{
    link_port.write(data, count);
#ifdef TFW_EEMBC_ENERGY
    link_port.flush(); /* nothing is under way while energy is measured */
#endif
}

/* The only UART that leaves the board is the link's. */
void tfw_hal_log(const char *text)
{
    (void)text;
}

uint32_t tfw_hal_micros(void)
{
    return micros();
}

uint32_t tfw_hal_cycles(void)
{
    return DWT->CYCCNT;
}

void tfw_hal_imu_stop(void)
{
    if (has_imu) {
        lsm6dsl_run(0);
    }
    rate_mhz = 0;
}

bool tfw_hal_imu_start(uint32_t wanted_mhz)
{
    tfw_hal_imu_stop();
    const uint32_t near_mhz = has_imu ? lsm6dsl_near_rate_mhz(wanted_mhz) : 0;
    if (near_mhz == 0) {
        return false;
    }
    next_index = 0;
    rate_mhz = near_mhz;
    lsm6dsl_run(near_mhz);
    return true;
}

/* The newest sample in the FIFO is at most a period old; those before it are a period apart. */
bool tfw_hal_imu_read(float sample[TFW_CHANNELS], uint32_t *index, uint32_t *time_us)
{
    uint32_t lost = 0;
    const uint32_t waiting = rate_mhz != 0 ? lsm6dsl_waiting(&lost) : 0;
    next_index += lost;
    if (waiting == 0) {
        return false;
    }
    lsm6dsl_read(sample);
    const uint32_t period_us = static_cast<uint32_t>(1000000000ull / rate_mhz);
    *index = next_index++;
    *time_us = micros() - (waiting - 1) * period_us;
    return true;
}

uint32_t tfw_hal_imu_rate_mhz(void)
{
    return rate_mhz != 0 ? rate_mhz : has_imu ? usual_rate_mhz : 0;
}

/* The UART's buffer lasts 80 times as long. */
void tfw_hal_idle(void)
{
    delay(1);
}

void tfw_hal_led(bool on)
{
    digitalWrite(PB14, on ? HIGH : LOW);
}

void tfw_hal_timestamp_pin(bool is_high)
{
    digitalWrite(timestamp_pin, is_high ? HIGH : LOW);
}

void tfw_hal_watchdog(void)
{
    stm32l4_feed_watchdog();
}

extern "C" const tfw_flash_t tfw_hal_flash = stm32l4_update_flash;

bool tfw_hal_flash_erase(uint32_t page_address)
{
    return stm32l4_erase(page_address);
}

bool tfw_hal_flash_program(uint32_t address, const uint8_t *data, size_t count)
{
    return stm32l4_program(address, data, count);
}

uint32_t tfw_hal_stack_high_water(void)
{
    const uint32_t *word = heap_end();
    while (word < _estack && *word == stack_paint) {
        word++;
    }
    return static_cast<uint32_t>(_estack - word) * sizeof *word;
}

uint32_t tfw_hal_reset_reason(void)
{
    return reset_reason;
}
