/* The interface of Arduino's library of this name (docs.arduino.cc/libraries/arduino_lsm9ds1), for its IMU half. */
#ifndef TFV_ARDUINO_LSM9DS1_H
#define TFV_ARDUINO_LSM9DS1_H

#include <Wire.h>

/* Sets +-4 g, 2000 dps, 119 Hz. */
class LSM9DS1Class
{
  public:
    explicit constexpr LSM9DS1Class(TwoWire &wire) : wire_(&wire)
    {
    }
    int begin();
    void end();
    int accelerationAvailable();
    int readAcceleration(float &x, float &y, float &z);
    int gyroscopeAvailable();
    int readGyroscope(float &x, float &y, float &z);

  private:
    bool registers(uint8_t at, uint8_t *values, size_t count);
    bool set(uint8_t at, uint8_t value);
    int vector(uint8_t at, float per_count, float &x, float &y, float &z);
    TwoWire *wire_;
};

extern LSM9DS1Class IMU_LSM9DS1;

#endif
