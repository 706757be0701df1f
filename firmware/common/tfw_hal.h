/*
 * What the application asks of a board, and nothing else.
 *
 * A board is one folder that defines these functions, `tfw_board_name`, and a main that calls
 * tfw_setup() once and tfw_loop() for ever (on Arduino: from setup() and loop()).
 * The functions are called from tfw_setup() and tfw_loop() only, never from an interrupt.
 */
#ifndef TFW_HAL_H
#define TFW_HAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Columns of a sample: ax ay az in g, gx gy gz in degrees a second. */
#define TFW_CHANNELS 6

/* Short identifier of the board, that of its TOML in tinyforge/boards: "virtual", "nano33", ... */
extern const char tfw_board_name[];

/* Clocks, pins, link, timers. Called first and once. */
void tfw_hal_init(void);

/* Bytes that came over the link. Never blocks; returns how many of `cap` were filled, 0..cap. */
size_t tfw_hal_read(uint8_t *data, size_t cap);

/* Sends bytes over the link. Blocks until all are queued; where nobody listens it may discard them. */
void tfw_hal_write(const uint8_t *data, size_t count);

/* A line of text for a person, without newline, on a second UART; may do nothing. */
void tfw_hal_log(const char *text);

/* Microseconds since an arbitrary moment; wraps every 2^32 us (71.6 min). */
uint32_t tfw_hal_micros(void);

/* CPU cycles since an arbitrary moment; wraps every 2^32. For latencies. */
uint32_t tfw_hal_cycles(void);

/*
 * Starts the sensor at `rate_mhz` milli-hertz, with sample index 0 and an empty queue; a running sensor is started
 * anew. False, and the sensor stopped, when the sensor is missing or does not have this rate (within 0.5 %).
 * Sampling goes by the sensor's own clock or a timer, never by delays, and at least the samples of one inference
 * are queued (32 serves the networks this project trains), by the sensor's FIFO or an interrupt.
 */
bool tfw_hal_imu_start(uint32_t rate_mhz);

/*
 * The oldest sample not read yet; false when there is none. `index` counts every sample the sensor took since the
 * start, from 0 and also those that were lost because the queue was full; `time_us` is tfw_hal_micros() at the
 * moment the sample was taken.
 */
bool tfw_hal_imu_read(float sample[TFW_CHANNELS], uint32_t *index, uint32_t *time_us);

void tfw_hal_imu_stop(void);

/* The rate the sensor runs at, or its usual one while it is stopped, in milli-hertz; 0 when there is no sensor. */
uint32_t tfw_hal_imu_rate_mhz(void);

/* Nothing to do until a byte, a sample or a timer: sleep. May return at once. */
void tfw_hal_idle(void);

/* One light that a person sees; boards without one do nothing. */
void tfw_hal_led(bool on);

/* Feeds the watchdog, which the first call starts: a board that does not come here for 8 s resets and says why. */
void tfw_hal_watchdog(void);

/* Deepest use of the stack since the start in bytes, found by a painted stack; 0 when it is not known. */
uint32_t tfw_hal_stack_high_water(void);

/* Why the board started: a TFW_RESET_... of tfw_protocol.h. */
uint32_t tfw_hal_reset_reason(void);

#ifdef __cplusplus
}
#endif

#endif
