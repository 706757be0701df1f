/* The link of boards whose core is an Arduino core, for their HALs in C++. */
#ifndef TFW_ARDUINO_LINK_H
#define TFW_ARDUINO_LINK_H

#include <stddef.h>
#include <stdint.h>

/* What tfw_hal_read promises, from a serial port of the core. */
template <typename Port> size_t arduino_read(Port &port, uint8_t *data, size_t cap)
{
    size_t count = 0;
    while (count < cap && port.available() > 0) {
        data[count++] = static_cast<uint8_t>(port.read());
    }
    return count;
}

#endif
