/* The board's accelerometer and gyroscope, an LSM6DSL on the internal I2C, read through its FIFO. */
#ifndef LSM6DSL_H
#define LSM6DSL_H

#include <stdbool.h>
#include <stdint.h>

/* Resets the part and checks that it is one. Takes 20 ms. */
bool lsm6dsl_begin(void);

/* The rate nearest to `wanted_mhz` within 0.5 %, in milli-hertz; 0 when there is none. */
uint32_t lsm6dsl_near_rate_mhz(uint32_t wanted_mhz);

/* Empties the FIFO and samples into it at a rate that lsm6dsl_near_rate_mhz gave. 0 stops. */
void lsm6dsl_run(uint32_t rate_mhz);

/* Whole samples in the FIFO; `lost` is how many it threw away since the last call, at least (it does not count). */
uint32_t lsm6dsl_waiting(uint32_t *lost);

/* The oldest sample: ax ay az in g, gx gy gz in degrees a second. One must be waiting. */
void lsm6dsl_read(float sample[6]);

#endif
