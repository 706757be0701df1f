/*
 * Bosch's own, out of the library that platformio.ini names, compiled here so that its length comes with it. Of Bosch's
 * programs for this part it is the smallest: it knows no gestures and leaves their memory to the FIFO. The linker drops
 * the functions around it.
 */
#include "bmi270_program.h"

#include "bmi270_maximum_fifo.c"

const uint8_t *const bmi270_program = bmi270_maximum_fifo_config_file;
const size_t bmi270_program_bytes = sizeof bmi270_maximum_fifo_config_file;

_Static_assert(sizeof bmi270_maximum_fifo_config_file % 2 == 0, "it is loaded in words of two bytes");
