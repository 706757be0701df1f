/* The part of <string.h> that src/memory.c defines; for a compiler that brings no C library (clang of ziglang). */
#ifndef TFW_LIBC_STRING_H
#define TFW_LIBC_STRING_H

#include <stddef.h>

void *memcpy(void *restrict target, const void *restrict source, size_t count);
void *memmove(void *target, const void *source, size_t count);
void *memset(void *target, int value, size_t count);
int memcmp(const void *left, const void *right, size_t count);
size_t strlen(const char *text);

#endif
