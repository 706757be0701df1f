/*
 * What the two libraries do on the bus, from the data sheets of the parts: ST DocID025715 (LSM9DS1) and Bosch
 * BST-BMI270-DS000. The BMI270's 8192 bytes of configuration are Bosch's; here zeros are sent, and counted.
 */
#include <Arduino.h>
#include <Arduino_BMI270_BMM150.h>
#include <Arduino_LSM9DS1.h>

namespace
{

constexpr uint8_t lsm9ds1 = 0x6B, lsm9ds1_magnetometer = 0x1E, bmi270 = 0x68;

float number_at(const uint8_t *bytes)
{
    return static_cast<int16_t>(bytes[0] | bytes[1] << 8);
}

} // namespace

LSM9DS1Class IMU_LSM9DS1(Wire1, lsm9ds1);
BoschSensorClass IMU_BMI270_BMM150(Wire1, bmi270);

bool TfvPart::registers(uint8_t at, uint8_t *values, size_t count) const
{
    wire_->beginTransmission(address_);
    wire_->write(at);
    if (wire_->endTransmission(false) != 0 || wire_->requestFrom(address_, count) != count) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        values[i] = static_cast<uint8_t>(wire_->read());
    }
    return true;
}

bool TfvPart::set(uint8_t at, uint8_t value) const
{
    wire_->beginTransmission(address_);
    wire_->write(at);
    wire_->write(value);
    return wire_->endTransmission() == 0;
}

bool TfvPart::has(uint8_t at, uint8_t mask) const
{
    uint8_t value = 0;
    return registers(at, &value, 1) && (value & mask) != 0;
}

bool TfvPart::vector(uint8_t at, float per_count, float &x, float &y, float &z) const
{
    uint8_t bytes[6];
    if (!registers(at, bytes, sizeof bytes)) {
        return false;
    }
    x = number_at(bytes) * per_count;
    y = number_at(bytes + 2) * per_count;
    z = number_at(bytes + 4) * per_count;
    return true;
}

int LSM9DS1Class::begin()
{
    wire_->begin();
    part_.set(0x22, 0x05); /* CTRL_REG8: IF_ADD_INC, SW_RESET */
    delay(10);
    uint8_t who = 0;
    if (!part_.registers(0x0F, &who, 1) || who != 0x68) {
        end();
        return 0;
    }
    if (!TfvPart(*wire_, lsm9ds1_magnetometer).registers(0x0F, &who, 1) || who != 0x3D) {
        end();
        return 0;
    }
    part_.set(0x10, 0x78); /* CTRL_REG1_G: 119 Hz, 2000 dps */
    part_.set(0x20, 0x70); /* CTRL_REG6_XL: 119 Hz, 4 g */
    return 1;
}

void LSM9DS1Class::end()
{
    part_.set(0x10, 0x00);
    part_.set(0x20, 0x00);
}

int LSM9DS1Class::accelerationAvailable()
{
    return part_.has(0x17, 0x01) ? 1 : 0;
}

int LSM9DS1Class::gyroscopeAvailable()
{
    return part_.has(0x17, 0x02) ? 1 : 0;
}

int LSM9DS1Class::readAcceleration(float &x, float &y, float &z)
{
    return part_.vector(0x28, 4.0f / 32768.0f, x, y, z) ? 1 : 0;
}

int LSM9DS1Class::readGyroscope(float &x, float &y, float &z)
{
    return part_.vector(0x18, 2000.0f / 32768.0f, x, y, z) ? 1 : 0;
}

int BoschSensorClass::begin(CfgBoshSensor_t)
{
    wire_->begin();
    uint8_t value = 0;
    if (!part_.registers(0x00, &value, 1) || value != 0x24) { /* CHIP_ID */
        return 0;
    }
    part_.set(0x7E, 0xB6); /* CMD: soft reset */
    delay(2);
    part_.set(0x7C, 0x00); /* PWR_CONF: no advanced power save, or the configuration does not load */
    delay(1);
    part_.set(0x59, 0x00); /* INIT_CTRL: begin */
    for (int sent = 0; sent < 8192; sent += 32) {
        wire_->beginTransmission(bmi270);
        wire_->write(0x5E);
        for (int i = 0; i < 32; i++) {
            wire_->write(static_cast<uint8_t>(0));
        }
        wire_->endTransmission();
    }
    part_.set(0x59, 0x01); /* done */
    delay(20);
    if (!part_.registers(0x21, &value, 1) || (value & 0x0F) != 1) { /* INTERNAL_STATUS: init_ok */
        return 0;
    }
    part_.set(0x40, 0xA8); /* ACC_CONF: 100 Hz, normal filter */
    part_.set(0x41, 0x01); /* ACC_RANGE: 4 g */
    part_.set(0x42, 0xA8); /* GYR_CONF: 100 Hz */
    part_.set(0x43, 0x00); /* GYR_RANGE: 2000 dps */
    part_.set(0x7D, 0x06); /* PWR_CTRL: both on */
    return 1;
}

int BoschSensorClass::accelerationAvailable()
{
    return part_.has(0x03, 0x80) ? 1 : 0;
}

int BoschSensorClass::gyroscopeAvailable()
{
    return part_.has(0x03, 0x40) ? 1 : 0;
}

int BoschSensorClass::readAcceleration(float &x, float &y, float &z)
{
    return part_.vector(0x0C, 4.0f / 32768.0f, x, y, z) ? 1 : 0;
}

int BoschSensorClass::readGyroscope(float &x, float &y, float &z)
{
    return part_.vector(0x12, 2000.0f / 32768.0f, x, y, z) ? 1 : 0;
}
