/* SHA-512 (FIPS 180-4). */
#ifndef TFW_SHA512_H
#define TFW_SHA512_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint64_t state[8];
    uint64_t count; /* bytes taken; 2^61 at most */
    uint8_t block[128];
} tfw_sha512_t;

void tfw_sha512_begin(tfw_sha512_t *sha);
void tfw_sha512_add(tfw_sha512_t *sha, const uint8_t *data, size_t count);
void tfw_sha512_end(tfw_sha512_t *sha, uint8_t digest[64]);

#endif
