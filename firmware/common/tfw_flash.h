/* The part of a board's flash that model updates may write: two slots of `bytes` / 2 each, the first at `address`. */
#ifndef TFW_FLASH_H
#define TFW_FLASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    uint32_t address;    /* of a page; flash is read like memory */
    uint32_t bytes;      /* an even number of pages */
    uint32_t page_bytes; /* what is erased at once; erased flash reads 0xFF */
} tfw_flash_t;

/* Programs are made of so many bytes, aligned; a unit is programmed once between two erases. */
#define TFW_FLASH_UNIT_BYTES 8u

extern const tfw_flash_t tfw_hal_flash;

/* Each false when the flash reports an error. Power may fail in the middle of either. */
bool tfw_hal_flash_erase(uint32_t page_address);
bool tfw_hal_flash_program(uint32_t address, const uint8_t *data, size_t count);

#ifdef __cplusplus
}
#endif

#endif
