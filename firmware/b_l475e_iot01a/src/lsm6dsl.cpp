/* LSM6DSL: ST DocID028475 ("LSM6DSL datasheet"), the register names are its own. */
#include "lsm6dsl.h"

#include <Arduino.h>
#include <Wire.h>

#include "chips/lsm6ds.h"

namespace
{

constexpr uint8_t address = 0x6A;
constexpr uint8_t reg_fifo_ctrl3 = 0x08;
constexpr uint8_t reg_fifo_ctrl5 = 0x0A;
constexpr uint8_t reg_who_am_i = 0x0F;
constexpr uint8_t reg_ctrl1_xl = 0x10;
constexpr uint8_t reg_ctrl2_g = 0x11;
constexpr uint8_t reg_ctrl3_c = 0x12;
constexpr uint8_t reg_fifo_status1 = 0x3A;
constexpr uint8_t reg_fifo_data_out_l = 0x3E;

constexpr uint8_t fifo_both_whole = 0x09; /* FIFO_CTRL3: no decimation of either */
constexpr uint8_t fifo_continuous = 0x06; /* FIFO_CTRL5: the newest push the oldest out */
constexpr uint8_t fifo_over_run = 0x40;   /* FIFO_STATUS2 */
constexpr uint8_t sw_reset = 0x01;        /* CTRL3_C */
constexpr uint8_t if_inc = 0x04;
constexpr uint8_t block_update = 0x40;

constexpr uint32_t words_a_sample = lsm6ds_sample_bytes / 2;

/* What I2C at 400 kHz carries. */
constexpr uint32_t most_mhz = 416000;

TwoWire bus(PB11, PB10);

void write_register(uint8_t at, uint8_t value)
{
    bus.beginTransmission(address);
    bus.write(at);
    bus.write(value);
    bus.endTransmission();
}

/* False, and zeros, when the part does not answer. */
bool read_registers(uint8_t at, uint8_t *values, uint8_t count)
{
    bus.beginTransmission(address);
    bus.write(at);
    const bool answered = bus.endTransmission(false) == 0 && bus.requestFrom(address, count) == count;
    for (uint8_t i = 0; i < count; i++) {
        values[i] = answered ? static_cast<uint8_t>(bus.read()) : 0;
    }
    return answered;
}

} // namespace

bool lsm6dsl_begin(void)
{
    bus.begin();
    bus.setClock(400000);
    write_register(reg_ctrl3_c, sw_reset);
    delay(20);
    write_register(reg_ctrl3_c, block_update | if_inc);
    uint8_t who = 0;
    return read_registers(reg_who_am_i, &who, 1) && who == lsm6ds_who_am_i;
}

uint32_t lsm6dsl_near_rate_mhz(uint32_t wanted_mhz)
{
    return lsm6ds_near_rate_mhz(wanted_mhz, most_mhz);
}

void lsm6dsl_run(uint32_t rate_mhz)
{
    const uint8_t code = lsm6ds_code(rate_mhz);
    write_register(reg_fifo_ctrl5, 0); /* bypass mode empties it */
    write_register(reg_fifo_ctrl3, fifo_both_whole);
    write_register(reg_ctrl1_xl, static_cast<uint8_t>(code << 4 | lsm6ds_range_4_g));
    write_register(reg_ctrl2_g, static_cast<uint8_t>(code << 4 | lsm6ds_range_2000_dps));
    write_register(reg_fifo_ctrl5, static_cast<uint8_t>(code << 3 | fifo_continuous));
}

uint32_t lsm6dsl_waiting(uint32_t *lost)
{
    uint8_t status[2];
    if (!read_registers(reg_fifo_status1, status, sizeof status)) {
        *lost = 0;
        return 0;
    }
    *lost = (status[1] & fifo_over_run) != 0 ? 1 : 0;
    const uint32_t words = status[0] | static_cast<uint32_t>(status[1] & 0x07) << 8;
    return words / words_a_sample;
}

/* The gyroscope comes first. */
void lsm6dsl_read(float sample[6])
{
    uint8_t bytes[lsm6ds_sample_bytes];
    (void)read_registers(reg_fifo_data_out_l, bytes, sizeof bytes);
    lsm6ds_sample(bytes, sample);
}
