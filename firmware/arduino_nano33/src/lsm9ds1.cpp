/* LSM9DS1: ST DocID025715 ("LSM9DS1 datasheet"), the register names are its own. */
#include "lsm9ds1.h"

#include <Arduino.h>

#include "inner_bus.h"

namespace
{

constexpr uint8_t address = 0x6B;
constexpr uint8_t reg_who_am_i = 0x0F;
constexpr uint8_t reg_ctrl_reg1_g = 0x10;
constexpr uint8_t reg_status = 0x17;
constexpr uint8_t reg_out_x_g = 0x18;
constexpr uint8_t reg_ctrl_reg6_xl = 0x20;
constexpr uint8_t reg_ctrl_reg8 = 0x22;
constexpr uint8_t reg_out_x_xl = 0x28;

constexpr uint8_t who_am_i = 0x68;
constexpr uint8_t sw_reset = 0x01; /* CTRL_REG8 */
constexpr uint8_t if_add_inc = 0x04;
constexpr uint8_t block_update = 0x40;
constexpr uint8_t rate_119_hz = 0x60;    /* CTRL_REG1_G and CTRL_REG6_XL, ODR */
constexpr uint8_t range_2000_dps = 0x18; /* CTRL_REG1_G, FS_G */
constexpr uint8_t range_4_g = 0x10;      /* CTRL_REG6_XL, FS_XL */
constexpr uint8_t both_ready = 0x03;     /* STATUS_REG: XLDA, GDA */

/* Full scale over 2^15, as Arduino's library has it; the data sheet's sensitivities differ, see docs/boards.md. */
constexpr float g_per_count = 4.0f / 32768.0f;
constexpr float dps_per_count = 2000.0f / 32768.0f;

} // namespace

bool lsm9ds1_begin(void)
{
    uint8_t who = 0;
    (void)inner_bus_write(address, reg_ctrl_reg8, sw_reset | if_add_inc); /* it may be gone before it acknowledges */
    delay(10);
    return inner_bus_read(address, reg_who_am_i, &who, 1) && who == who_am_i &&
           inner_bus_write(address, reg_ctrl_reg8, block_update | if_add_inc) &&
           inner_bus_write(address, reg_ctrl_reg1_g, rate_119_hz | range_2000_dps) &&
           inner_bus_write(address, reg_ctrl_reg6_xl, rate_119_hz | range_4_g);
}

/* With the gyroscope on, both take their samples at the same moment. */
bool lsm9ds1_read(float sample[6])
{
    uint8_t status = 0, acceleration[6], rotation[6];
    if (!inner_bus_read(address, reg_status, &status, 1) || (status & both_ready) != both_ready ||
        !inner_bus_read(address, reg_out_x_xl, acceleration, sizeof acceleration) ||
        !inner_bus_read(address, reg_out_x_g, rotation, sizeof rotation)) {
        return false;
    }
    inner_bus_vector(acceleration, g_per_count, sample);
    inner_bus_vector(rotation, dps_per_count, sample + 3);
    return true;
}
