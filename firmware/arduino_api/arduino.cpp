/* See Arduino.h, Wire.h and mbed.h. */
#include <Arduino.h>
#include <Wire.h>
#include <mbed.h>

#include "platform.h"
#include "threads.h"

HardwareSerial Serial(0), Serial1(1);
TwoWire Wire(0), Wire1(1);

namespace
{

constexpr int pins = 16 * 8;
void (*pin_handlers[pins])();

} // namespace

extern "C" {

/* There is no heap here: it ends where the stack may reach. A board that keeps its heap itself has its own. */
extern uint32_t _stack_limit[];
__attribute__((weak)) void *_sbrk(int)
{
    return _stack_limit;
}
}

extern "C" void tfv_interrupt()
{
    const uint32_t pending = TFV_INTERRUPT_PENDING;
    if ((pending & TFV_PIN) != 0 && pin_handlers[TFV_PIN_ROSE] != nullptr) {
        pin_handlers[TFV_PIN_ROSE]();
    }
    if ((pending & TFV_ALARM) != 0) {
        tfv_on_alarm();
    }
}

int main()
{
    setup();
    for (;;) {
        loop();
    }
}

unsigned long micros()
{
    return TFV_MICROS;
}

unsigned long millis()
{
    return TFV_MILLIS;
}

void delay(unsigned long milliseconds)
{
    tfv_sleep_until(tfv_now_us() + 1000u * static_cast<uint64_t>(milliseconds));
}

void pinMode(uint32_t pin, uint32_t mode)
{
    tfv_two_bits(TFV_PORT(pin / 16)->MODER, 1u << pin % 16, mode);
}

void digitalWrite(uint32_t pin, uint32_t value)
{
    TFV_PORT(pin / 16)->BSRR = (1u << pin % 16) << (value != LOW ? 0 : 16);
}

int digitalRead(uint32_t pin)
{
    return (TFV_PORT(pin / 16)->IDR >> pin % 16 & 1u) != 0 ? HIGH : LOW;
}

void attachInterrupt(uint32_t interrupt, void (*handler)(), int)
{
    pin_handlers[interrupt] = handler;
    TFV_INTERRUPT_ENABLE |= TFV_PIN;
}

void __WFI()
{
    TFV_IDLE = 1;
}

[[noreturn]] void NVIC_SystemReset()
{
    TFV_REGISTER(0xE000ED0Cu) = 0x05FA0004u;
    for (;;) {
        __NOP();
    }
}

[[noreturn]] void Error_Handler()
{
    for (;;) {
        __asm volatile("bkpt #1");
    }
}

HAL_StatusTypeDef HAL_FLASHEx_Erase(FLASH_EraseInitTypeDef *erase, uint32_t *)
{
    TFV_FLASH_ERASE = 0x08080000u + 2048u * erase->Page; /* of the second bank */
    return TFV_FLASH_FAILED != 0 ? HAL_ERROR : HAL_OK;
}

HAL_StatusTypeDef HAL_FLASH_Program(uint32_t, uint32_t address, uint64_t data)
{
    TFV_FLASH_SOURCE = reinterpret_cast<uint32_t>(&data);
    TFV_FLASH_TARGET = address;
    TFV_FLASH_PROGRAM = sizeof data;
    return TFV_FLASH_FAILED != 0 ? HAL_ERROR : HAL_OK;
}

void HardwareSerial::begin(unsigned long baud)
{
    TFV_UART_BAUDDIV(index_) = static_cast<uint32_t>(TFW_CLOCK_HZ / baud);
    TFV_UART_CTRL(index_) = 3u;
}

int HardwareSerial::available()
{
    if (at_ == count_ && index_ == 0) {
        TFV_LINK_ADDRESS = reinterpret_cast<uint32_t>(buffer_);
        TFV_LINK_RECEIVE = sizeof buffer_;
        count_ = TFV_LINK_RECEIVE;
        at_ = 0;
    }
    if (at_ == count_ && index_ != 0) {
        for (at_ = count_ = 0; count_ < sizeof buffer_ && (TFV_UART_STATE(index_) & 2u) != 0; count_++) {
            buffer_[count_] = static_cast<uint8_t>(TFV_UART_DATA(index_));
        }
    }
    return static_cast<int>(count_ - at_);
}

int HardwareSerial::read()
{
    return available() > 0 ? buffer_[at_++] : -1;
}

size_t HardwareSerial::write(uint8_t byte)
{
    return write(&byte, 1);
}

size_t HardwareSerial::write(const uint8_t *data, size_t count)
{
    if (index_ == 0) {
        TFV_LINK_ADDRESS = reinterpret_cast<uint32_t>(data);
        TFV_LINK_SEND = count;
        return count;
    }
    for (size_t i = 0; i < count; i++) {
        TFV_UART_DATA(index_) = data[i];
    }
    return count;
}

size_t HardwareSerial::println(const char *text)
{
    const size_t count = strlen(text);
    write(reinterpret_cast<const uint8_t *>(text), count);
    static const uint8_t end[] = {'\r', '\n'};
    write(end, sizeof end);
    return count + sizeof end;
}

/* The buses of the boards here: STM32's I2C2 is on PB11 and PB10. */
TwoWire::TwoWire(uint32_t sda, uint32_t) : TwoWire(sda == PB11 ? 2u : 0u)
{
}

void TwoWire::setClock(uint32_t hz)
{
    TFV_I2C_BUS = bus_;
    TFV_I2C_CLOCK = hz;
}

void TwoWire::beginTransmission(uint8_t address)
{
    address_ = address;
    count_ = 0;
}

size_t TwoWire::write(uint8_t byte)
{
    if (count_ == sizeof buffer_) {
        return 0;
    }
    buffer_[count_++] = byte;
    return 1;
}

size_t TwoWire::write(const uint8_t *data, size_t count)
{
    size_t done = 0;
    while (done < count && write(data[done]) == 1) {
        done++;
    }
    return done;
}

uint8_t TwoWire::endTransmission(bool)
{
    TFV_I2C_BUS = bus_;
    TFV_I2C_ADDRESS = address_;
    TFV_I2C_BUFFER = reinterpret_cast<uint32_t>(buffer_);
    TFV_I2C_WRITE = count_;
    count_ = 0;
    return static_cast<uint8_t>(TFV_I2C_STATUS);
}

size_t TwoWire::requestFrom(uint8_t address, size_t count, bool)
{
    TFV_I2C_BUS = bus_;
    TFV_I2C_ADDRESS = address;
    TFV_I2C_BUFFER = reinterpret_cast<uint32_t>(buffer_);
    TFV_I2C_READ = count < sizeof buffer_ ? count : sizeof buffer_;
    count_ = TFV_I2C_MOVED;
    at_ = 0;
    return count_;
}

int TwoWire::available()
{
    return static_cast<int>(count_ - at_);
}

int TwoWire::read()
{
    return at_ < count_ ? buffer_[at_++] : -1;
}

void mbed::I2C::frequency(int hz)
{
    TFV_I2C_BUS = bus_;
    TFV_I2C_CLOCK = static_cast<uint32_t>(hz);
}

int mbed::I2C::write(int address, const char *data, int count, bool)
{
    TFV_I2C_BUS = bus_;
    TFV_I2C_ADDRESS = static_cast<uint32_t>(address) >> 1;
    TFV_I2C_BUFFER = reinterpret_cast<uint32_t>(data);
    TFV_I2C_WRITE = static_cast<uint32_t>(count);
    return static_cast<int>(TFV_I2C_STATUS);
}

int mbed::I2C::read(int address, char *data, int count, bool)
{
    TFV_I2C_BUS = bus_;
    TFV_I2C_ADDRESS = static_cast<uint32_t>(address) >> 1;
    TFV_I2C_BUFFER = reinterpret_cast<uint32_t>(data);
    TFV_I2C_READ = static_cast<uint32_t>(count);
    return TFV_I2C_MOVED == static_cast<uint32_t>(count) ? 0 : 1;
}
