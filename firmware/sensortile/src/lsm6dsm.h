/* The LSM6DSM of the SensorTile, on three wires: clock, one data line for both directions, chip select. */
#ifndef LSM6DSM_H
#define LSM6DSM_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Sets the pins up, resets the part and checks that it is one. Takes 20 ms. */
bool lsm6dsm_begin(void);

/* The rate nearest to `wanted_mhz` within 0.5 %, in milli-hertz; 0 when there is none. */
uint32_t lsm6dsm_near_rate_mhz(uint32_t wanted_mhz);

/* Samples at a rate that lsm6dsm_near_rate_mhz gave; a pulse on PA2 announces each. 0 stops it. */
void lsm6dsm_run(uint32_t rate_mhz);

/* The newest sample: ax ay az in g, gx gy gz in degrees a second. 50 us; may be called in an interrupt. */
void lsm6dsm_read(float sample[6]);

#ifdef __cplusplus
}
#endif

#endif
