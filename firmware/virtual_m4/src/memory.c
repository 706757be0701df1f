/*
 * The memory functions a freestanding compiler may call. Words at a time where source and target are aligned alike;
 * the Cortex-M4 reads unaligned words, but its bus then takes two turns.
 *
 * -fno-tree-loop-distribute-patterns: without it GCC turns the loops below into calls of themselves.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__GNUC__) && !defined(__clang__)
#define PLAIN_LOOPS __attribute__((optimize("no-tree-loop-distribute-patterns")))
#else
#define PLAIN_LOOPS __attribute__((no_builtin))
#endif

typedef uint32_t __attribute__((may_alias)) word_t;

#define IS_ALIGNED(address) (((uintptr_t)(address) & 3u) == 0)

PLAIN_LOOPS void *memcpy(void *restrict target, const void *restrict source, size_t count)
{
    uint8_t *to = target;
    const uint8_t *from = source;
    if (IS_ALIGNED((uintptr_t)to ^ (uintptr_t)from)) {
        while (count != 0 && !IS_ALIGNED(to)) {
            *to++ = *from++;
            count--;
        }
        while (count >= 16) {
            word_t a = ((const word_t *)from)[0], b = ((const word_t *)from)[1];
            word_t c = ((const word_t *)from)[2], d = ((const word_t *)from)[3];
            ((word_t *)to)[0] = a;
            ((word_t *)to)[1] = b;
            ((word_t *)to)[2] = c;
            ((word_t *)to)[3] = d;
            to += 16;
            from += 16;
            count -= 16;
        }
        while (count >= 4) {
            *(word_t *)to = *(const word_t *)from;
            to += 4;
            from += 4;
            count -= 4;
        }
    }
    while (count != 0) {
        *to++ = *from++;
        count--;
    }
    return target;
}

PLAIN_LOOPS void *memset(void *target, int value, size_t count)
{
    uint8_t *to = target;
    const word_t word = (uint8_t)value * 0x01010101u;
    while (count != 0 && !IS_ALIGNED(to)) {
        *to++ = (uint8_t)value;
        count--;
    }
    while (count >= 16) {
        ((word_t *)to)[0] = word;
        ((word_t *)to)[1] = word;
        ((word_t *)to)[2] = word;
        ((word_t *)to)[3] = word;
        to += 16;
        count -= 16;
    }
    while (count != 0) {
        *to++ = (uint8_t)value;
        count--;
    }
    return target;
}

PLAIN_LOOPS void *memmove(void *target, const void *source, size_t count)
{
    uint8_t *to = target;
    const uint8_t *from = source;
    if ((uintptr_t)to - (uintptr_t)from >= count) {
        return memcpy(target, source, count); /* forward copying never meets what it has overwritten */
    }
    while (count != 0) {
        count--;
        to[count] = from[count];
    }
    return target;
}

PLAIN_LOOPS int memcmp(const void *left, const void *right, size_t count)
{
    const uint8_t *a = left;
    const uint8_t *b = right;
    for (; count != 0; count--, a++, b++) {
        if (*a != *b) {
            return *a < *b ? -1 : 1;
        }
    }
    return 0;
}

PLAIN_LOOPS size_t strlen(const char *text)
{
    size_t count = 0;
    while (text[count] != '\0') {
        count++;
    }
    return count;
}
