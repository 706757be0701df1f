/* The interface of Arduino's library of this name (docs.arduino.cc/libraries/arduino_lsm9ds1), for its IMU half. */
#ifndef TFV_ARDUINO_LSM9DS1_H
#define TFV_ARDUINO_LSM9DS1_H

#include "imu_part.h"

/* Sets +-4 g, 2000 dps, 119 Hz. */
class LSM9DS1Class
{
  public:
    constexpr LSM9DS1Class(TwoWire &wire, uint8_t address) : wire_(&wire), part_(wire, address)
    {
    }
    int begin();
    void end();
    int accelerationAvailable();
    int readAcceleration(float &x, float &y, float &z);
    int gyroscopeAvailable();
    int readGyroscope(float &x, float &y, float &z);

  private:
    TwoWire *wire_;
    TfvPart part_;
};

extern LSM9DS1Class IMU_LSM9DS1;

#endif
