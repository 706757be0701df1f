/* Flash for model updates, for fuzz_firmware.c where TFW_UPDATE_KEY is defined. */
#ifndef FUZZ_FLASH_H
#define FUZZ_FLASH_H

#include <stddef.h>
#include <stdint.h>

void fuzz_flash_begin(void);

/* Writes the records of a slot as a loss of power may leave them. */
void fuzz_flash_tear(const uint8_t *data, size_t count);

/* Images that counted as signed. */
unsigned long fuzz_flash_accepted(void);

/* Of these, that passed everything and were confirmed. */
unsigned long fuzz_flash_taken(void);

#endif
