/* BMI270: Bosch BST-BMI270-DS000 ("BMI270 data sheet"), the register names are its own; 4.4 is how it is started. */
#include "bmi270.h"

#include <Arduino.h>

#include "bmi270_program.h"
#include "inner_bus.h"

namespace
{

constexpr uint8_t address = 0x68;
constexpr uint8_t reg_chip_id = 0x00;
constexpr uint8_t reg_status = 0x03;
constexpr uint8_t reg_data_8 = 0x0C; /* acceleration, then rotation */
constexpr uint8_t reg_gyr_cas = 0x1E;
constexpr uint8_t reg_internal_status = 0x21;
constexpr uint8_t reg_acc_conf = 0x40; /* and ACC_RANGE, GYR_CONF, GYR_RANGE after it */
constexpr uint8_t reg_init_ctrl = 0x59;
constexpr uint8_t reg_init_addr_0 = 0x5B;
constexpr uint8_t reg_init_data = 0x5E;
constexpr uint8_t reg_pwr_conf = 0x7C;
constexpr uint8_t reg_pwr_ctrl = 0x7D;
constexpr uint8_t reg_cmd = 0x7E;

constexpr uint8_t chip_id = 0x24;
constexpr uint8_t soft_reset = 0xB6;    /* CMD */
constexpr uint8_t no_power_save = 0x00; /* PWR_CONF */
constexpr uint8_t both_on = 0x06;       /* PWR_CTRL: acc_en, gyr_en */
constexpr uint8_t both_ready = 0xC0;    /* STATUS: drdy_acc, drdy_gyr */
constexpr uint8_t message = 0x0F;       /* INTERNAL_STATUS */
constexpr uint8_t init_ok = 0x01;
constexpr uint8_t settings[] = {
    0x98, /* ACC_CONF: 100 Hz, oversampled by two, for performance */
    0x01, /* ACC_RANGE: 4 g */
    0xD8, /* GYR_CONF: the same, and low noise */
    0x08, /* GYR_RANGE: 2000 degrees a second, for both of its outputs */
};

/*
 * It wants 2 ms after a reset, 450 us between two accesses while it saves power and after that is switched off, and 20 ms
 * to start. mbed's delay may end up to a millisecond early.
 */
constexpr uint32_t reset_ms = 3, wake_ms = 2, start_ms = 21, start_most_ms = 150;

constexpr float g_per_count = 4.0f / 32768.0f;
constexpr float dps_per_count = 2000.0f / 32768.0f;

/*
 * How much of the rotation about z the part shows about x: "Gyroscope Data Post-Processing" of the data sheet. With the
 * program of the large FIFO the factor lies where Bosch's BMI270_SensorAPI reads it (BMI2_GYR_CAS_GPIO0_ADDR).
 */
float x_from_z = 0.0f;

/* INIT_ADDR counts words of two bytes, its lowest four bits in the first register. */
bool load_program()
{
    for (size_t at = 0; at < bmi270_program_bytes; at += inner_bus_most_bytes) {
        const size_t left = bmi270_program_bytes - at;
        const size_t count = left < inner_bus_most_bytes ? left : inner_bus_most_bytes;
        const uint8_t word[] = {static_cast<uint8_t>(at / 2 & 0x0F), static_cast<uint8_t>(at / 2 >> 4)};
        if (!inner_bus_write(address, reg_init_addr_0, word, sizeof word) ||
            !inner_bus_write(address, reg_init_data, bmi270_program + at, count)) {
            return false;
        }
    }
    return true;
}

bool has_started()
{
    for (uint32_t waited = 0; waited < start_most_ms; waited += start_ms) {
        uint8_t status = 0;
        delay(start_ms);
        if (inner_bus_read(address, reg_internal_status, &status, 1) && (status & message) != 0) {
            return (status & message) == init_ok;
        }
    }
    return false;
}

} // namespace

bool bmi270_begin(void)
{
    uint8_t id = 0, cas = 0;
    if (!inner_bus_read(address, reg_chip_id, &id, 1) || id != chip_id) {
        return false;
    }
    delay(wake_ms);
    if (!inner_bus_write(address, reg_cmd, soft_reset)) {
        return false;
    }
    delay(reset_ms);
    if (!inner_bus_write(address, reg_pwr_conf, no_power_save)) {
        return false;
    }
    delay(wake_ms);
    if (!inner_bus_write(address, reg_init_ctrl, 0) || !load_program() || !inner_bus_write(address, reg_init_ctrl, 1) ||
        !has_started() || !inner_bus_read(address, reg_gyr_cas, &cas, 1)) {
        return false;
    }
    const int signed_cas = (cas & 0x3F) - (cas & 0x40); /* seven bits */
    x_from_z = static_cast<float>(signed_cas) / 512.0f;
    return inner_bus_write(address, reg_acc_conf, settings, sizeof settings) &&
           inner_bus_write(address, reg_pwr_ctrl, both_on);
}

bool bmi270_read(float sample[6])
{
    uint8_t status = 0, bytes[12];
    float acceleration[3], rotation[3];
    if (!inner_bus_read(address, reg_status, &status, 1) || (status & both_ready) != both_ready ||
        !inner_bus_read(address, reg_data_8, bytes, sizeof bytes)) {
        return false;
    }
    inner_bus_vector(bytes, g_per_count, acceleration);
    inner_bus_vector(bytes + 6, dps_per_count, rotation);
    rotation[0] -= x_from_z * rotation[2];
    const float *const parts[] = {acceleration, rotation};
    for (size_t i = 0; i < 2; i++) {
        sample[3 * i] = -parts[i][1];
        sample[3 * i + 1] = -parts[i][0];
        sample[3 * i + 2] = parts[i][2];
    }
    return true;
}
