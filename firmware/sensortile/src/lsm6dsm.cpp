/*
 * LSM6DSM: ST DocID028165 ("LSM6DSM datasheet"), the register names are its own.
 *
 * The SPI block of the STM32L4 drives a shared data line only while it is told to stop after the right number of
 * clocks, a race against the bus; at one sample a few milliseconds, clocking the pins in software costs less than 1 %
 * of the time and cannot go wrong.
 */
#include "lsm6dsm.h"

#include <Arduino.h>
#include <stm32yyxx_ll_gpio.h>

#include "chips/lsm6ds.h"

namespace
{

/* SPI2's pins, all on port B. */
constexpr uint32_t pin_cs = GPIO_ODR_OD12;
constexpr uint32_t pin_clock = GPIO_ODR_OD13;
constexpr uint32_t pin_data = GPIO_ODR_OD15;

constexpr uint8_t reg_drdy_pulse_cfg = 0x0B;
constexpr uint8_t reg_int2_ctrl = 0x0E;
constexpr uint8_t reg_who_am_i = 0x0F;
constexpr uint8_t reg_ctrl1_xl = 0x10;
constexpr uint8_t reg_ctrl2_g = 0x11;
constexpr uint8_t reg_ctrl3_c = 0x12;
constexpr uint8_t reg_outx_l_g = 0x22;
constexpr uint8_t read_bit = 0x80;

constexpr uint8_t drdy_pulsed = 0x80;  /* DRDY_PULSE_CFG: 75 us for each sample; a latched line could stay high */
constexpr uint8_t int2_drdy_g = 0x02;  /* INT2_CTRL; the accelerometer samples with the gyroscope */
constexpr uint8_t sw_reset = 0x01;     /* CTRL3_C */
constexpr uint8_t if_inc = 0x04;       /* CTRL3_C: the address counts on in a burst */
constexpr uint8_t sim_3_wire = 0x08;   /* CTRL3_C */
constexpr uint8_t block_update = 0x40; /* CTRL3_C: the bytes of a number are of one sample */

void pin_high(uint32_t pin)
{
    GPIOB->BSRR = pin;
}

void pin_low(uint32_t pin)
{
    GPIOB->BRR = pin;
}

/* Mode 3: the clock rests high, bits change at its fall and are taken at its rise. */
void send_byte(uint8_t byte)
{
    for (uint8_t bit = 0x80; bit != 0; bit = static_cast<uint8_t>(bit >> 1)) {
        pin_low(pin_clock);
        if ((byte & bit) != 0) {
            pin_high(pin_data);
        } else {
            pin_low(pin_data);
        }
        pin_high(pin_clock);
    }
}

/* The part drives the line 50 ns after the clock's fall; reading the port through its bus takes longer. */
uint8_t receive_byte()
{
    uint8_t byte = 0;
    for (int bit = 0; bit < 8; bit++) {
        pin_low(pin_clock);
        __DSB();
        __NOP();
        __NOP();
        const bool is_high = (GPIOB->IDR & pin_data) != 0;
        pin_high(pin_clock);
        byte = static_cast<uint8_t>(byte << 1 | (is_high ? 1 : 0));
    }
    return byte;
}

void write_register(uint8_t address, uint8_t value)
{
    pin_low(pin_cs);
    send_byte(address);
    send_byte(value);
    pin_high(pin_cs);
}

void read_registers(uint8_t address, uint8_t *values, size_t count)
{
    pin_low(pin_cs);
    send_byte(read_bit | address);
    LL_GPIO_SetPinMode(GPIOB, LL_GPIO_PIN_15, LL_GPIO_MODE_INPUT);
    for (size_t i = 0; i < count; i++) {
        values[i] = receive_byte();
    }
    LL_GPIO_SetPinMode(GPIOB, LL_GPIO_PIN_15, LL_GPIO_MODE_OUTPUT);
    pin_high(pin_cs);
}

void output_high(uint32_t pin)
{
    digitalWrite(pin, HIGH);
    pinMode(pin, OUTPUT);
}

} // namespace

bool lsm6dsm_begin(void)
{
    /* The other parts on this bus must not answer: accelerometer and magnetometer of the LSM303AGR, and the LPS22HB. */
    output_high(PC4);
    output_high(PB1);
    output_high(PA3);
    output_high(PB12);
    output_high(PB13);
    output_high(PB15);
    LL_GPIO_SetPinSpeed(GPIOB, LL_GPIO_PIN_13, LL_GPIO_SPEED_FREQ_HIGH);
    LL_GPIO_SetPinSpeed(GPIOB, LL_GPIO_PIN_15, LL_GPIO_SPEED_FREQ_HIGH);
    pinMode(PA2, INPUT);

    /* Writing needs no answer, so the part takes these although it comes up on four wires. */
    write_register(reg_ctrl3_c, sw_reset);
    delay(20);
    write_register(reg_ctrl3_c, block_update | sim_3_wire | if_inc);
    uint8_t who = 0;
    read_registers(reg_who_am_i, &who, 1);
    if (who != lsm6ds_who_am_i) {
        return false;
    }
    write_register(reg_drdy_pulse_cfg, drdy_pulsed);
    write_register(reg_int2_ctrl, int2_drdy_g);
    return true;
}

uint32_t lsm6dsm_near_rate_mhz(uint32_t wanted_mhz)
{
    return lsm6ds_near_rate_mhz(wanted_mhz, UINT32_MAX);
}

void lsm6dsm_run(uint32_t rate_mhz)
{
    const uint8_t code = lsm6ds_code(rate_mhz);
    write_register(reg_ctrl1_xl, static_cast<uint8_t>(code << 4 | lsm6ds_range_4_g));
    write_register(reg_ctrl2_g, static_cast<uint8_t>(code << 4 | lsm6ds_range_2000_dps));
}

void lsm6dsm_read(float sample[6])
{
    uint8_t bytes[lsm6ds_sample_bytes]; /* rotation, then acceleration */
    read_registers(reg_outx_l_g, bytes, sizeof bytes);
    lsm6ds_sample(bytes, sample);
}
