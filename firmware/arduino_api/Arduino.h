/* Of Arduino's language, what the boards of this project use (docs.arduino.cc/language-reference). */
#ifndef TFV_ARDUINO_H
#define TFV_ARDUINO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "chip.h"

#define HIGH    1
#define LOW     0
#define INPUT   0
#define OUTPUT  1
#define RISING  4
#define FALLING 3

void setup();
void loop();

unsigned long micros();
unsigned long millis();
void delay(unsigned long milliseconds);
void pinMode(uint32_t pin, uint32_t mode);
void digitalWrite(uint32_t pin, uint32_t value);
int digitalRead(uint32_t pin);

inline uint32_t digitalPinToInterrupt(uint32_t pin)
{
    return pin;
}
void attachInterrupt(uint32_t interrupt, void (*handler)(), int mode);

inline void noInterrupts()
{
    __asm volatile("cpsid i" ::: "memory");
}

inline void interrupts()
{
    __asm volatile("cpsie i" ::: "memory");
}

/* Port `index` of the platform: 0 is the link, 1 the log, or any UART that is named by its pins. */
class HardwareSerial
{
  public:
    explicit constexpr HardwareSerial(uint32_t index) : index_(index), at_(0), count_(0), buffer_{}
    {
    }
    constexpr HardwareSerial(uint32_t, uint32_t) : HardwareSerial(1)
    {
    }
    void begin(unsigned long baud = 115200);
    int available();
    int read();
    size_t write(uint8_t byte);
    size_t write(const uint8_t *data, size_t count);
    size_t println(const char *text);
    void flush()
    {
    }
    explicit operator bool() const
    {
        return true;
    }

  private:
    uint32_t index_;
    size_t at_, count_;
    uint8_t buffer_[64];
};

extern HardwareSerial Serial, Serial1;
#define SerialUSB Serial

#endif
