/*
 * What the application asks of an ST SensorTile (STM32L476JG, stm32duino); see tfw_hal.h. The link is USB. The sensor
 * announces each sample on PA2; an interrupt takes it, also while the network runs.
 */
#include <Arduino.h>
#include <errno.h>

#include "chips/arduino_link.h"
#include "chips/stm32l4.h"
#include "lsm6dsm.h"
#include "tfw_hal.h"
#include "tfw_imu_queue.h"
#include "tfw_protocol.h"

extern "C" {

const char tfw_board_name[] = "sensortile";

/* Of sensortile.ld. */
extern uint32_t _stack_limit[], _sbss2[], _ebss2[];
extern char _end[], _heap_limit[];
}

namespace
{

constexpr uint32_t usual_rate_mhz = 104000;
constexpr uint32_t stack_paint = 0xA5C3A5C3u;
constexpr uint32_t imu_pin = PA2;

tfw_imu_queue_t queue;
bool has_imu = false;
uint32_t rate_mhz = 0; /* 0: stopped */
bool is_first = false;
uint32_t reset_reason = TFW_RESET_UNKNOWN;

void on_sample()
{
    const uint32_t now_us = micros();
    float sample[TFW_CHANNELS];
    lsm6dsm_read(sample);
    if (is_first) {
        is_first = false; /* its filters have not settled */
        return;
    }
    tfw_imu_queue_put(&queue, sample, now_us);
}

/* Before any constructor: what sensortile.ld put behind the stack, and the paint of what the stack has not used. */
void clear_ram2()
{
    for (uint32_t *word = _sbss2; word < _ebss2; word++) {
        *word = 0;
    }
    uint32_t *const used = static_cast<uint32_t *>(__builtin_frame_address(0)) - 32;
    for (uint32_t *word = _stack_limit; word < used; word++) {
        *word = stack_paint;
    }
}

__attribute__((section(".preinit_array"), used)) void (*const clear_ram2_early)() = clear_ram2;

} // namespace

/*
 * 80 MHz of the PLL on the 48 MHz of MSI, which also clocks USB; the watch crystal keeps MSI within what USB asks.
 * There is no HSE crystal. The core's own function is weak.
 */
extern "C" void SystemClock_Config(void)
{
    (void)HAL_PWREx_ControlVoltageScaling(PWR_REGULATOR_VOLTAGE_SCALE1);

    RCC_OscInitTypeDef crystal = {};
    crystal.OscillatorType = RCC_OSCILLATORTYPE_LSE;
    crystal.LSEState = RCC_LSE_ON;
    __HAL_RCC_PWR_CLK_ENABLE();
    HAL_PWR_EnableBkUpAccess();
    const bool has_crystal = HAL_RCC_OscConfig(&crystal) == HAL_OK;

    RCC_OscInitTypeDef main = {};
    main.OscillatorType = RCC_OSCILLATORTYPE_MSI;
    main.MSIState = RCC_MSI_ON;
    main.MSICalibrationValue = RCC_MSICALIBRATION_DEFAULT;
    main.MSIClockRange = RCC_MSIRANGE_11; /* 48 MHz */
    main.PLL.PLLState = RCC_PLL_ON;
    main.PLL.PLLSource = RCC_PLLSOURCE_MSI;
    main.PLL.PLLM = 6;  /* 8 MHz */
    main.PLL.PLLN = 20; /* 160 MHz */
    main.PLL.PLLP = RCC_PLLP_DIV7;
    main.PLL.PLLQ = RCC_PLLQ_DIV4;
    main.PLL.PLLR = RCC_PLLR_DIV2; /* 80 MHz */
    if (HAL_RCC_OscConfig(&main) != HAL_OK) {
        Error_Handler();
    }
    if (has_crystal) {
        HAL_RCCEx_EnableMSIPLLMode();
    }

    RCC_ClkInitTypeDef buses = {};
    buses.ClockType = RCC_CLOCKTYPE_SYSCLK | RCC_CLOCKTYPE_HCLK | RCC_CLOCKTYPE_PCLK1 | RCC_CLOCKTYPE_PCLK2;
    buses.SYSCLKSource = RCC_SYSCLKSOURCE_PLLCLK;
    buses.AHBCLKDivider = RCC_SYSCLK_DIV1;
    buses.APB1CLKDivider = RCC_HCLK_DIV1;
    buses.APB2CLKDivider = RCC_HCLK_DIV1;
    if (HAL_RCC_ClockConfig(&buses, FLASH_LATENCY_4) != HAL_OK) {
        Error_Handler();
    }

    RCC_PeriphCLKInitTypeDef usb = {};
    usb.PeriphClockSelection = RCC_PERIPHCLK_USB;
    usb.UsbClockSelection = RCC_USBCLKSOURCE_MSI;
    if (HAL_RCCEx_PeriphCLKConfig(&usb) != HAL_OK) {
        Error_Handler();
    }
}

/* The core's own compares the heap with the stack pointer, which is in the other bank here. */
extern "C" void *_sbrk(int bytes)
{
    static char *top = _end;
    char *const before = top;
    if (bytes > _heap_limit - top || bytes < _end - top) {
        errno = ENOMEM;
        return reinterpret_cast<void *>(-1);
    }
    top += bytes;
    return before;
}

void tfw_hal_init(void)
{
    reset_reason = stm32l4_take_reset_reason();
    SerialUSB.begin();
    pinMode(PG12, OUTPUT);
    stm32l4_start_cycle_counter();
    has_imu = lsm6dsm_begin();
    if (has_imu) {
        attachInterrupt(digitalPinToInterrupt(imu_pin), on_sample, RISING);
    }
}

size_t tfw_hal_read(uint8_t *data, size_t cap)
{
    return arduino_read(SerialUSB, data, cap);
}

/* Waits while the host is slow; gives up what is left when no host has the port open. */
void tfw_hal_write(const uint8_t *data, size_t count)
{
    SerialUSB.write(data, count);
}

/* The cradle brings no second UART out. */
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
    if (!has_imu) {
        return;
    }
    noInterrupts(); /* an interrupt in the middle of a transfer would begin another */
    lsm6dsm_run(0);
    interrupts();
    rate_mhz = 0;
}

bool tfw_hal_imu_start(uint32_t wanted_mhz)
{
    tfw_hal_imu_stop();
    const uint32_t near_mhz = has_imu ? lsm6dsm_near_rate_mhz(wanted_mhz) : 0;
    if (near_mhz == 0) {
        return false;
    }
    noInterrupts();
    tfw_imu_queue_start(&queue, near_mhz);
    is_first = true;
    rate_mhz = near_mhz;
    lsm6dsm_run(near_mhz);
    interrupts();
    return true;
}

bool tfw_hal_imu_read(float sample[TFW_CHANNELS], uint32_t *index, uint32_t *time_us)
{
    return rate_mhz != 0 && tfw_imu_queue_take(&queue, sample, index, time_us);
}

uint32_t tfw_hal_imu_rate_mhz(void)
{
    return rate_mhz != 0 ? rate_mhz : has_imu ? usual_rate_mhz : 0;
}

/* The system tick, USB or the sensor wakes it. */
void tfw_hal_idle(void)
{
    __WFI();
}

void tfw_hal_led(bool on)
{
    digitalWrite(PG12, on ? HIGH : LOW);
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
    extern uint32_t _estack[];
    const uint32_t *word = _stack_limit;
    while (word < _estack && *word == stack_paint) {
        word++;
    }
    return static_cast<uint32_t>(_estack - word) * sizeof *word;
}

uint32_t tfw_hal_reset_reason(void)
{
    return reset_reason;
}
