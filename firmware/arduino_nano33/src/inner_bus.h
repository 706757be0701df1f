/* The I2C between the processor and the motion sensor of either revision, which no pin of the board shows. */
#ifndef NANO33_INNER_BUS_H
#define NANO33_INNER_BUS_H

#include <mbed.h>

#include <stddef.h>
#include <stdint.h>

constexpr size_t inner_bus_most_bytes = 32; /* of one write, besides the register's address */

/* Which bus the functions below mean, at 400 kHz. Call it first. */
void inner_bus_begin(mbed::I2C &bus);

/* Writes registers of the part at this 7-bit address, from `at` on. False when it does not answer. */
bool inner_bus_write(uint8_t part, uint8_t at, const uint8_t *values, size_t count);
bool inner_bus_write(uint8_t part, uint8_t at, uint8_t value);

/* Reads registers from `at` on. False, and nothing in `values` of use, when the part does not answer. */
bool inner_bus_read(uint8_t part, uint8_t at, uint8_t *values, size_t count);

/* Three numbers of 16 bits, the low byte first, as both parts give them, times `per_count`. */
void inner_bus_vector(const uint8_t bytes[6], float per_count, float vector[3]);

#endif
