/* Time and turns, inside this folder. */
#ifndef TFV_THREADS_H
#define TFV_THREADS_H

#include <stdint.h>

/* Microseconds since power-on; does not wrap. */
uint64_t tfv_now_us();

/* Called by the main program: other threads and interrupts run meanwhile. */
void tfv_sleep_until(uint64_t moment_us);

/* Called by the interrupt when the alarm is due. */
void tfv_on_alarm();

#endif
