/* Accelerometer and gyroscope of revision 2; the BMM150 beside it stays asleep. */
#ifndef NANO33_BMI270_H
#define NANO33_BMI270_H

#include <stdint.h>

/* +-4 g and 2000 degrees a second. */
constexpr uint32_t bmi270_rate_mhz = 100000;

/* Resets the part, loads its program and sets it running; false when there is none or it refuses that. Takes 40 ms. */
bool bmi270_begin(void);

/*
 * The newest sample, ax ay az in g, gx gy gz in degrees a second, on the axes that Arduino's library gives them on this
 * board, which are those of revision 1; false when there is none since the last.
 */
bool bmi270_read(float sample[6]);

#endif
