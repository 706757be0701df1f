/* Accelerometer and gyroscope of revision 1; the magnetometer in the same package stays asleep. */
#ifndef NANO33_LSM9DS1_H
#define NANO33_LSM9DS1_H

#include <stdint.h>

/* The nearest to 100 Hz that this part has; +-4 g and 2000 degrees a second. */
constexpr uint32_t lsm9ds1_rate_mhz = 119000;

/* Resets the part and sets it running; false when there is none. Takes 10 ms. */
bool lsm9ds1_begin(void);

/* The newest sample, ax ay az in g, gx gy gz in degrees a second; false when there is none since the last. */
bool lsm9ds1_read(float sample[6]);

#endif
