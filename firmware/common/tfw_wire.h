/* How numbers and texts lie in a message: little-endian, not aligned. The generated tfw_protocol.h is made of these. */
#ifndef TFW_WIRE_H
#define TFW_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* C99 has no _Static_assert: an array type of negative size does not compile. */
#define TFW_STATIC_ASSERT(condition, name) typedef char tfw_assert_##name[(condition) ? 1 : -1]

TFW_STATIC_ASSERT(sizeof(float) == 4, float_is_binary32);

static inline uint16_t tfw_get_u16(const uint8_t *at)
{
    return (uint16_t)(at[0] | (unsigned)at[1] << 8);
}

static inline uint32_t tfw_get_u32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static inline uint8_t tfw_get_u8(const uint8_t *at)
{
    return at[0];
}

static inline float tfw_get_f32(const uint8_t *at)
{
    const uint32_t bits = tfw_get_u32(at);
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Each returns where the next field goes. */

static inline uint8_t *tfw_put_u8(uint8_t *at, uint8_t value)
{
    at[0] = value;
    return at + 1;
}

static inline uint8_t *tfw_put_u16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)(value & 0xffu);
    at[1] = (uint8_t)(value >> 8);
    return at + 2;
}

static inline uint8_t *tfw_put_u32(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value & 0xffu);
    at[1] = (uint8_t)(value >> 8 & 0xffu);
    at[2] = (uint8_t)(value >> 16 & 0xffu);
    at[3] = (uint8_t)(value >> 24);
    return at + 4;
}

static inline uint8_t *tfw_put_f32(uint8_t *at, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return tfw_put_u32(at, bits);
}

static inline uint8_t *tfw_put_bytes(uint8_t *at, const uint8_t *data, size_t count)
{
    memcpy(at, data, count);
    return at + count;
}

/* u8 length, then the bytes; NULL is the empty text, more than `limit` bytes are cut. */
static inline uint8_t *tfw_put_text(uint8_t *at, const char *text, size_t limit)
{
    size_t count = 0;
    while (text != NULL && count < limit && text[count] != '\0') {
        at[1 + count] = (uint8_t)text[count];
        count++;
    }
    at[0] = (uint8_t)count;
    return at + 1 + count;
}

static inline uint8_t *tfw_put_texts(uint8_t *at, const char *const *texts, size_t count, size_t limit,
                                     size_t count_limit)
{
    const size_t kept = count < count_limit ? count : count_limit;
    at = tfw_put_u8(at, (uint8_t)kept);
    for (size_t i = 0; i < kept; i++) {
        at = tfw_put_text(at, texts[i], limit);
    }
    return at;
}

static inline uint8_t *tfw_put_f32s(uint8_t *at, const float *values, size_t count, size_t limit)
{
    const size_t kept = count < limit ? count : limit;
    at = tfw_put_u16(at, (uint16_t)kept);
    for (size_t i = 0; i < kept; i++) {
        at = tfw_put_f32(at, values[i]);
    }
    return at;
}

static inline uint8_t *tfw_put_u8s(uint8_t *at, const uint8_t *values, size_t count, size_t limit)
{
    const size_t kept = count < limit ? count : limit;
    at = tfw_put_u16(at, (uint16_t)kept);
    for (size_t i = 0; i < kept; i++) {
        at[i] = values[i];
    }
    return at + kept;
}

static inline uint8_t *tfw_put_i8s(uint8_t *at, const int8_t *values, size_t count, size_t limit)
{
    const size_t kept = count < limit ? count : limit;
    at = tfw_put_u16(at, (uint16_t)kept);
    for (size_t i = 0; i < kept; i++) {
        at[i] = (uint8_t)values[i];
    }
    return at + kept;
}

#endif
