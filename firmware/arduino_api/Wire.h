/* Arduino's Wire (docs.arduino.cc/language-reference/en/functions/communication/wire), as controller. */
#ifndef TFV_WIRE_H
#define TFV_WIRE_H

#include <stddef.h>
#include <stdint.h>

class TwoWire
{
  public:
    /* The platform's bus of this number; boards name their pins, which say which bus it is. */
    explicit constexpr TwoWire(uint32_t bus) : bus_(bus), address_(0), count_(0), at_(0), buffer_{}
    {
    }
    TwoWire(uint32_t sda, uint32_t scl);
    void begin()
    {
    }
    void end()
    {
    }
    void setClock(uint32_t hz);
    void beginTransmission(uint8_t address);
    size_t write(uint8_t byte);
    size_t write(const uint8_t *data, size_t count);
    uint8_t endTransmission(bool stop = true);
    size_t requestFrom(uint8_t address, size_t count, bool stop = true);
    int available();
    int read();

  private:
    uint32_t bus_;
    uint8_t address_;
    size_t count_, at_;
    uint8_t buffer_[256];
};

extern TwoWire Wire, Wire1;

#endif
