/* The application: what every board runs. See tfw_hal.h for what a board gives it. */
#ifndef TFW_APP_H
#define TFW_APP_H

#ifdef __cplusplus
extern "C" {
#endif

void tfw_setup(void); /* once, after reset */
void tfw_loop(void);  /* for ever; handles what has come and returns, sleeping at most until the next event */

#ifdef __cplusplus
}
#endif

#endif
