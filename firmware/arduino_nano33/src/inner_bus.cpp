#include "inner_bus.h"

#include <string.h>

namespace
{

constexpr int clock_hz = 400000;

mbed::I2C *wire = nullptr;

} // namespace

void inner_bus_begin(mbed::I2C &bus)
{
    wire = &bus;
    wire->frequency(clock_hz);
}

bool inner_bus_write(uint8_t part, uint8_t at, const uint8_t *values, size_t count)
{
    char bytes[1 + inner_bus_most_bytes];
    if (count > inner_bus_most_bytes) {
        return false;
    }
    bytes[0] = static_cast<char>(at);
    memcpy(bytes + 1, values, count);
    return wire->write(part << 1, bytes, static_cast<int>(1 + count)) == 0;
}

bool inner_bus_write(uint8_t part, uint8_t at, uint8_t value)
{
    return inner_bus_write(part, at, &value, 1);
}

bool inner_bus_read(uint8_t part, uint8_t at, uint8_t *values, size_t count)
{
    const char address = static_cast<char>(at);
    return wire->write(part << 1, &address, 1) == 0 &&
           wire->read(part << 1, reinterpret_cast<char *>(values), static_cast<int>(count)) == 0;
}

void inner_bus_vector(const uint8_t bytes[6], float per_count, float vector[3])
{
    for (size_t i = 0; i < 3; i++) {
        vector[i] = static_cast<float>(static_cast<int16_t>(bytes[2 * i] | bytes[2 * i + 1] << 8)) * per_count;
    }
}
