/* A part on an I2C bus whose registers are bytes: what the libraries of both IMUs do alike. */
#ifndef TFV_IMU_PART_H
#define TFV_IMU_PART_H

#include <Wire.h>

class TfvPart
{
  public:
    constexpr TfvPart(TwoWire &wire, uint8_t address) : wire_(&wire), address_(address)
    {
    }
    /* Each false when the part does not answer. */
    bool registers(uint8_t at, uint8_t *values, size_t count) const;
    bool set(uint8_t at, uint8_t value) const;
    bool has(uint8_t at, uint8_t mask) const; /* any of these bits of a register */
    bool vector(uint8_t at, float per_count, float &x, float &y, float &z) const;

  private:
    TwoWire *wire_;
    uint8_t address_;
};

#endif
