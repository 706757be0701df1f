/*
 * Of Mbed OS 6 (os.mbed.com/docs/mbed-os/v6.16/apis), what the boards use. Threads take turns where they block; those
 * above the main program's priority also run from the alarm's interrupt, in the middle of the main program.
 */
#ifndef TFV_MBED_H
#define TFV_MBED_H

#include <stddef.h>
#include <stdint.h>

namespace std
{
namespace chrono
{
struct microseconds {
    explicit constexpr microseconds(int64_t value) : value_(value)
    {
    }
    constexpr int64_t count() const
    {
        return value_;
    }
    int64_t value_;
};
struct milliseconds {
    explicit constexpr milliseconds(int64_t value) : value_(value)
    {
    }
    constexpr int64_t count() const
    {
        return value_;
    }
    constexpr operator microseconds() const
    {
        return microseconds(1000 * value_);
    }
    int64_t value_;
};
} // namespace chrono
} // namespace std

/* Of the Nano 33 BLE's pins, those of its inner bus. */
enum PinName : uint32_t { I2C_SCL1 = 15, I2C_SDA1 = 14 };

typedef int osPriority_t;
enum : osPriority_t { osPriorityNormal = 24, osPriorityAboveNormal = 32 };
typedef void *osThreadId_t;

osThreadId_t osThreadGetId();
uint32_t osThreadGetStackSpace(osThreadId_t id); /* bytes of it that were never used */
uint32_t osThreadGetStackSize(osThreadId_t id);

namespace rtos
{

class Thread
{
  public:
    Thread(osPriority_t priority, uint32_t stack_bytes, unsigned char *stack, const char *name);
    void start(void (*task)());
    uint32_t flags_set(uint32_t flags);

  private:
    friend struct Scheduler;
    uint32_t *sp_;
    uint32_t *stack_;
    uint32_t stack_bytes_;
    void (*task_)();
    bool started_, sleeps_;
    uint64_t wake_us_;
    uint32_t flags_, wanted_flags_;
    Thread *next_;
};

namespace ThisThread
{
void sleep_for(std::chrono::milliseconds time);
uint32_t flags_wait_any(uint32_t flags);
} // namespace ThisThread

} // namespace rtos

namespace mbed
{

/* A bus as controller; addresses are of 8 bits, the lowest ignored. Both return 0 when the part answered. */
class I2C
{
  public:
    constexpr I2C(PinName sda, PinName) : bus_(sda == I2C_SDA1 ? 1u : 0u)
    {
    }
    void frequency(int hz);
    int write(int address, const char *data, int count, bool repeated = false);
    int read(int address, char *data, int count, bool repeated = false);

  private:
    uint32_t bus_;
};

/* A function called from the interrupt, again and again. One is enough here. */
class Ticker
{
  public:
    void attach(void (*function)(), std::chrono::microseconds period);
};

class FlashIAP
{
  public:
    int init()
    {
        return 0;
    }
    int deinit()
    {
        return 0;
    }
    int erase(uint32_t address, uint32_t count);
    int program(const void *data, uint32_t address, uint32_t count);
};

} // namespace mbed

#endif
