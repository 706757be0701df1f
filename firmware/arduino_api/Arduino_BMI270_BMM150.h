/* The interface of Arduino's library of this name (docs.arduino.cc/libraries/arduino_bmi270_bmm150), for its IMU. */
#ifndef TFV_ARDUINO_BMI270_BMM150_H
#define TFV_ARDUINO_BMI270_BMM150_H

#include "imu_part.h"

typedef enum {
    BOSCH_ACCELEROMETER_ONLY,
    BOSCH_MAGNETOMETER_ONLY,
    BOSCH_ACCEL_AND_MAGN,
} CfgBoshSensor_t;

/* Sets +-4 g, 2000 dps, 100 Hz. */
class BoschSensorClass
{
  public:
    constexpr BoschSensorClass(TwoWire &wire, uint8_t address) : wire_(&wire), part_(wire, address)
    {
    }
    int begin(CfgBoshSensor_t config = BOSCH_ACCEL_AND_MAGN);
    int accelerationAvailable();
    int readAcceleration(float &x, float &y, float &z);
    int gyroscopeAvailable();
    int readGyroscope(float &x, float &y, float &z);

  private:
    TwoWire *wire_;
    TfvPart part_;
};

extern BoschSensorClass IMU_BMI270_BMM150;

#endif
