/*
 * What the application asks of an Arduino Nano 33 BLE Sense (nRF52840, Arduino's mbed core); see tfw_hal.h.
 *
 * Revision 1 carries an LSM9DS1, revision 2 a BMI270, both on the inner I2C and without a line to the processor that
 * both share: a thread above the application's asks the sensor's data-ready bit, so the sensor's own clock decides when a
 * sample is taken, and samples arrive while the network runs.
 */
#include <Arduino.h>
#include <FlashIAP.h>
#include <mbed.h>

#include "bmi270.h"
#include "chips/arduino_link.h"
#include "inner_bus.h"
#include "lsm9ds1.h"
#include "run.h"
#include "tfw_app.h"
#include "tfw_eembc.h"
#include "tfw_flash.h"
#include "tfw_hal.h"
#include "tfw_imu_queue.h"
#include "tfw_protocol.h"

extern "C" const char tfw_board_name[] = "nano33";

namespace
{

using std::chrono::milliseconds;

enum class Part { none, lsm9ds1, bmi270 };

#ifdef TFW_EEMBC_ENERGY
constexpr bool is_on_usb = false;
constexpr uint32_t link_baud = TFW_EEMBC_ENERGY_BAUD;
auto &link_port = Serial1; /* D0 and D1 */
#else
constexpr bool is_on_usb = true;
constexpr uint32_t link_baud = 115200; /* which USB ignores */
auto &link_port = Serial;
#endif
constexpr size_t usb_packet_bytes = 64;
constexpr uint8_t timestamp_pin = 7;
constexpr uint32_t imu_wanted = 1; /* flag of the thread */

Part part = Part::none;
tfw_imu_queue_t queue;
/* The application asks for a start by a new number; the thread puts samples only when it has seen it. */
volatile uint32_t wanted_run = 0; /* 0: stopped */
volatile uint32_t seen_run = 0;
uint32_t runs = 0;
uint32_t reset_reason = TFW_RESET_UNKNOWN;

/*
 * The chip's own watchdog cannot be stopped and would fire in the middle of an upload, for the boot loader does not feed
 * it. A timer's interrupt does the same; the register it writes survives the reset.
 */
constexpr uint32_t watchdog_mark = 0x57;
constexpr uint32_t watchdog_us = 8000000;
volatile uint32_t fed_at_us = 0;
mbed::Ticker watchdog;

constexpr uint32_t imu_stack_bytes = 1536;
rtos::Thread *imu_thread = nullptr;

uint32_t part_rate_mhz()
{
    return part == Part::lsm9ds1 ? lsm9ds1_rate_mhz : part == Part::bmi270 ? bmi270_rate_mhz : 0;
}

/* Whether a new sample was there. */
bool read_part(float sample[TFW_CHANNELS])
{
    return part == Part::lsm9ds1 ? lsm9ds1_read(sample) : bmi270_read(sample);
}

void imu_loop()
{
    /* Polls come every millisecond, but none is due in the first part of a period. */
    const uint32_t quiet_ms = 1000000u / part_rate_mhz() > 3u ? 1000000u / part_rate_mhz() - 3u : 1u;
    float sample[TFW_CHANNELS];
    for (;;) {
        const uint32_t run = wanted_run;
        if (run == 0) {
            seen_run = 0;
            rtos::ThisThread::flags_wait_any(imu_wanted);
            continue;
        }
        if (run != seen_run) {
            (void)read_part(sample); /* what was ready before the start */
            tfw_imu_queue_start(&queue, part_rate_mhz());
            seen_run = run;
        }
        if (read_part(sample)) {
            tfw_imu_queue_put(&queue, sample, micros());
            rtos::ThisThread::sleep_for(milliseconds(quiet_ms));
        } else {
            rtos::ThisThread::sleep_for(milliseconds(1));
        }
    }
}

void look_after_the_loop()
{
    if (micros() - fed_at_us > watchdog_us) {
        NRF_POWER->GPREGRET2 = watchdog_mark;
        NVIC_SystemReset();
    }
}

/* The register collects reasons until they are cleared; power-on and brown-out leave it empty. */
uint32_t take_reset_reason()
{
    const uint32_t seen = NRF_POWER->RESETREAS;
    NRF_POWER->RESETREAS = seen;
    const bool was_watchdog = NRF_POWER->GPREGRET2 == watchdog_mark;
    NRF_POWER->GPREGRET2 = 0;
    if (was_watchdog || (seen & POWER_RESETREAS_DOG_Msk) != 0) {
        return TFW_RESET_WATCHDOG;
    }
    if ((seen & POWER_RESETREAS_LOCKUP_Msk) != 0) {
        return TFW_RESET_FAULT;
    }
    if ((seen & POWER_RESETREAS_SREQ_Msk) != 0) {
        return TFW_RESET_SOFTWARE;
    }
    if ((seen & POWER_RESETREAS_RESETPIN_Msk) != 0) {
        return TFW_RESET_PIN;
    }
    return seen == 0 ? TFW_RESET_POWER_ON : TFW_RESET_UNKNOWN;
}

void find_part()
{
    if (lsm9ds1_begin()) {
        part = Part::lsm9ds1;
    } else if (bmi270_begin()) {
        part = Part::bmi270;
    } else {
        return;
    }
    imu_thread->start(imu_loop);
}

} // namespace

/*
 * The core gives the main program 32 KiB of stack, of which the application takes a small part: the sensor's bus, its
 * thread and that one's stack lie there, too. So this must not return.
 */
[[noreturn]] void run()
{
    alignas(8) unsigned char stack[imu_stack_bytes];
    rtos::Thread thread(osPriorityAboveNormal, sizeof stack, stack, "imu");
    imu_thread = &thread;
    mbed::I2C bus(I2C_SDA1, I2C_SCL1);
    inner_bus_begin(bus);
    tfw_setup();
    for (;;) {
        tfw_loop();
    }
}

void tfw_hal_init(void)
{
    reset_reason = take_reset_reason();
    link_port.begin(link_baud);
    pinMode(LED_BUILTIN, OUTPUT);
    if (!is_on_usb) {
        pinMode(timestamp_pin, OUTPUT);
    }
    CoreDebug->DEMCR |= CoreDebug_DEMCR_TRCENA_Msk;
    DWT->CTRL |= DWT_CTRL_CYCCNTENA_Msk;
    find_part();
}

size_t tfw_hal_read(uint8_t *data, size_t cap)
{
    return arduino_read(link_port, data, cap);
}

/*
 * Returns 0 bytes written while no host has the port open. A transfer that ends with a full packet is not seen by the
 * host before the next one begins; one more delimiter, which means nothing, makes the last packet a short one.
 */
void tfw_hal_write(const uint8_t *data, size_t count)
{
    link_port.write(data, count);
    if (!is_on_usb) {
        link_port.flush(); /* nothing is under way while energy is measured */
    } else if (count % usb_packet_bytes == 0 && count > 0) {
        const uint8_t delimiter = 0;
        link_port.write(&delimiter, 1);
    }
}

void tfw_hal_log(const char *text)
{
    static bool is_open = false;
    if (!is_on_usb) {
        return; /* the link is there */
    }
    if (!is_open) {
        Serial1.begin(115200);
        is_open = true;
    }
    Serial1.println(text);
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
    if (part == Part::none) {
        return; /* and no thread */
    }
    wanted_run = 0;
    imu_thread->flags_set(imu_wanted);
    while (seen_run != 0) {
        rtos::ThisThread::sleep_for(milliseconds(1));
    }
}

bool tfw_hal_imu_start(uint32_t rate_mhz)
{
    tfw_hal_imu_stop();
    const uint32_t rate = part_rate_mhz();
    const uint32_t away = rate_mhz > rate ? rate_mhz - rate : rate - rate_mhz;
    if (rate == 0 || away > rate / 200) {
        return false;
    }
    runs = runs == UINT32_MAX ? 1 : runs + 1;
    wanted_run = runs;
    imu_thread->flags_set(imu_wanted);
    while (seen_run != runs) {
        rtos::ThisThread::sleep_for(milliseconds(1));
    }
    return true;
}

bool tfw_hal_imu_read(float sample[TFW_CHANNELS], uint32_t *index, uint32_t *time_us)
{
    return wanted_run != 0 && tfw_imu_queue_take(&queue, sample, index, time_us);
}

uint32_t tfw_hal_imu_rate_mhz(void)
{
    return part_rate_mhz();
}

/* USB and the sensor's thread run on; a byte waits a millisecond at most. */
void tfw_hal_idle(void)
{
    rtos::ThisThread::sleep_for(milliseconds(1));
}

void tfw_hal_led(bool on)
{
    digitalWrite(LED_BUILTIN, on ? HIGH : LOW);
}

void tfw_hal_timestamp_pin(bool is_high)
{
    digitalWrite(timestamp_pin, is_high ? HIGH : LOW);
}

void tfw_hal_watchdog(void)
{
    static bool is_running = false;
    fed_at_us = micros();
    if (!is_running) {
        is_running = true;
        watchdog.attach(look_after_the_loop, milliseconds(1000));
    }
}

/*
 * 128 KiB that an upload of a smaller program leaves alone. Not the last ones: a boot loader that makes room for a radio
 * stack, which Arduino's Nano33BLE_System installs, begins at 0xE0000.
 */
extern "C" const tfw_flash_t tfw_hal_flash = {0xC0000, 0x20000, 4096};

bool tfw_hal_flash_erase(uint32_t page_address)
{
    mbed::FlashIAP flash;
    const bool done = flash.init() == 0 && flash.erase(page_address, tfw_hal_flash.page_bytes) == 0;
    flash.deinit();
    return done;
}

bool tfw_hal_flash_program(uint32_t address, const uint8_t *data, size_t count)
{
    mbed::FlashIAP flash;
    const bool done = flash.init() == 0 && flash.program(data, address, count) == 0;
    flash.deinit();
    return done;
}

/* mbed fills each thread's stack with a mark; this is the thread that runs the network, without what it lends. */
uint32_t tfw_hal_stack_high_water(void)
{
    const osThreadId_t here = osThreadGetId();
    const uint32_t never_used = osThreadGetStackSpace(here);
    return never_used == 0 ? 0 : osThreadGetStackSize(here) - never_used - imu_stack_bytes;
}

uint32_t tfw_hal_reset_reason(void)
{
    return reset_reason;
}
