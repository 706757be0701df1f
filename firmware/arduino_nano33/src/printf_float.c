/*
 * The core asks for printf's %f by name, in case a sketch uses it: 11 kB of the image with the small C library that
 * PlatformIO links (newlib-nano). Nothing here prints so: this takes its place and writes "?". Delete this file to print
 * numbers with a point by printf, String or dtostrf; Serial.print needs none of it.
 */
#include <stdarg.h>
#include <stddef.h>

/* As newlib-nano's vfprintf calls it; the types it does not look into are void. */
int _printf_float(void *reent, void *format, void *file, int (*print)(void *, void *, const char *, size_t),
                  va_list *ap);

int _printf_float(void *reent, void *format, void *file, int (*print)(void *, void *, const char *, size_t),
                  va_list *ap)
{
    (void)format;
    (void)va_arg(*ap, double);
    return print(reent, file, "?", 1) == -1 ? -1 : 1;
}
