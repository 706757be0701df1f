/* What Bosch's part is loaded with after each reset. */
#ifndef NANO33_BMI270_PROGRAM_H
#define NANO33_BMI270_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

extern const uint8_t *const bmi270_program;
extern const size_t bmi270_program_bytes; /* even */

#ifdef __cplusplus
}
#endif

#endif
