/* See mbed.h. */
#include "mbed.h"

#include "chip.h"
#include "platform.h"
#include "threads.h"

#ifndef TFW_CLOCK_HZ
#error "TFW_CLOCK_HZ: the clock of the board"
#endif

using rtos::Thread;

extern uint32_t _stack_limit[], _estack[];

namespace
{

constexpr uint64_t never = UINT64_MAX;
constexpr uint32_t paint = 0xA5C3A5C3u;

Thread *threads = nullptr;
Thread *running = nullptr; /* nullptr: the main program, or an interrupt above it */
bool is_scheduling = false;
uint32_t *scheduler_sp;
uint64_t main_wake_us = never;
void (*ticker)() = nullptr;
uint64_t ticker_period_us = 0, ticker_wake_us = never;

/* Keeps what a call must keep on this stack, and goes on with another. */
__attribute__((naked, noinline)) void switch_stacks(uint32_t **, uint32_t *)
{
    __asm volatile("push {r4-r11, lr}\n\t"
                   "vpush {s16-s31}\n\t"
                   "str sp, [r0]\n\t"
                   "mov sp, r1\n\t"
                   "vpop {s16-s31}\n\t"
                   "pop {r4-r11, pc}");
}

} // namespace

namespace rtos
{

struct Scheduler {
    static void first_turn()
    {
        running->task_();
        running->started_ = false;
        block();
    }

    static void begin(Thread &thread)
    {
        for (uint32_t i = 0; i < thread.stack_bytes_ / 4; i++) {
            thread.stack_[i] = paint;
        }
        uint32_t *top = thread.stack_ + (thread.stack_bytes_ / 8) * 2;
        *--top = reinterpret_cast<uint32_t>(first_turn) | 1u;
        top -= 8 + 16; /* r4-r11, s16-s31 */
        thread.sp_ = top;
        thread.next_ = threads;
        threads = &thread;
        thread.started_ = true;
    }

    static bool is_ready(Thread &thread, uint64_t now_us)
    {
        if (thread.wanted_flags_ != 0) {
            return (thread.flags_ & thread.wanted_flags_) != 0;
        }
        return !thread.sleeps_ || thread.wake_us_ <= now_us;
    }

    /* Every thread has its turns until all wait. */
    static void run_ready()
    {
        if (is_scheduling) {
            return;
        }
        is_scheduling = true;
        bool again = true;
        while (again) {
            again = false;
            for (Thread *thread = threads; thread != nullptr; thread = thread->next_) {
                if (thread->started_ && is_ready(*thread, tfv_now_us())) {
                    thread->sleeps_ = false;
                    running = thread;
                    switch_stacks(&scheduler_sp, thread->sp_);
                    running = nullptr;
                    again = true;
                }
            }
        }
        is_scheduling = false;
    }

    static void block()
    {
        switch_stacks(&running->sp_, scheduler_sp);
    }

    static void set_alarm()
    {
        uint64_t soonest = main_wake_us < ticker_wake_us ? main_wake_us : ticker_wake_us;
        for (const Thread *thread = threads; thread != nullptr; thread = thread->next_) {
            if (thread->started_ && thread->sleeps_ && thread->wake_us_ < soonest) {
                soonest = thread->wake_us_;
            }
        }
        const uint64_t now_us = tfv_now_us();
        const uint64_t left_us = soonest > now_us ? soonest - now_us : 1;
        const uint64_t ticks = left_us * (TFW_CLOCK_HZ / 1000u) / 1000u + 1;
        TFV_ALARM_IN = soonest == never ? 0 : ticks > UINT32_MAX ? UINT32_MAX : static_cast<uint32_t>(ticks);
    }

    static void sleep(uint64_t moment_us)
    {
        running->sleeps_ = true;
        running->wake_us_ = moment_us;
        block();
    }

    static uint32_t wait_flags(uint32_t flags)
    {
        running->wanted_flags_ = flags;
        block();
        running->wanted_flags_ = 0;
        const uint32_t seen = running->flags_;
        running->flags_ &= ~flags;
        return seen;
    }

    static uint32_t stack_space(const Thread *thread)
    {
        const uint32_t *word = thread == nullptr ? _stack_limit : thread->stack_;
        const uint32_t *const end = thread == nullptr ? _estack : thread->stack_ + thread->stack_bytes_ / 4;
        uint32_t count = 0;
        while (word < end && *word++ == paint) {
            count += 4;
        }
        return count;
    }

    static uint32_t stack_size(const Thread *thread)
    {
        return thread == nullptr ? static_cast<uint32_t>(_estack - _stack_limit) * 4u : thread->stack_bytes_;
    }
};

Thread::Thread(osPriority_t, uint32_t stack_bytes, unsigned char *stack, const char *)
    : sp_(nullptr), stack_(reinterpret_cast<uint32_t *>(stack)), stack_bytes_(stack_bytes), task_(nullptr),
      started_(false), sleeps_(false), wake_us_(0), flags_(0), wanted_flags_(0), next_(nullptr)
{
}

void Thread::start(void (*task)())
{
    task_ = task;
    Scheduler::begin(*this);
    TFV_INTERRUPT_ENABLE |= TFV_ALARM;
    Scheduler::run_ready();
    Scheduler::set_alarm();
}

uint32_t Thread::flags_set(uint32_t flags)
{
    flags_ |= flags;
    Scheduler::run_ready();
    Scheduler::set_alarm();
    return flags_;
}

void ThisThread::sleep_for(std::chrono::milliseconds time)
{
    const uint64_t moment_us = tfv_now_us() + 1000u * static_cast<uint64_t>(time.count());
    if (running != nullptr) {
        Scheduler::sleep(moment_us);
    } else {
        tfv_sleep_until(moment_us);
    }
}

uint32_t ThisThread::flags_wait_any(uint32_t flags)
{
    return Scheduler::wait_flags(flags);
}

} // namespace rtos

uint64_t tfv_now_us()
{
    static uint32_t high = 0, last = 0;
    uint32_t masked;
    __asm volatile("mrs %0, primask\n\tcpsid i" : "=r"(masked)::"memory");
    const uint32_t now = TFV_MICROS;
    high += now < last ? 1u : 0u;
    last = now;
    const uint64_t whole = static_cast<uint64_t>(high) << 32 | now;
    __asm volatile("msr primask, %0" ::"r"(masked) : "memory");
    return whole;
}

void tfv_sleep_until(uint64_t moment_us)
{
    TFV_INTERRUPT_ENABLE |= TFV_ALARM;
    while (tfv_now_us() < moment_us) {
        rtos::Scheduler::run_ready();
        main_wake_us = moment_us;
        rtos::Scheduler::set_alarm();
        TFV_IDLE = 1;
    }
    main_wake_us = never;
}

void tfv_on_alarm()
{
    if (ticker_wake_us <= tfv_now_us()) {
        ticker_wake_us += ticker_period_us;
        ticker();
    }
    rtos::Scheduler::run_ready();
    rtos::Scheduler::set_alarm();
}

osThreadId_t osThreadGetId()
{
    return running;
}

uint32_t osThreadGetStackSpace(osThreadId_t id)
{
    return rtos::Scheduler::stack_space(static_cast<Thread *>(id));
}

uint32_t osThreadGetStackSize(osThreadId_t id)
{
    return rtos::Scheduler::stack_size(static_cast<Thread *>(id));
}

void mbed::Ticker::attach(void (*function)(), std::chrono::microseconds period)
{
    ticker = function;
    ticker_period_us = static_cast<uint64_t>(period.count());
    ticker_wake_us = tfv_now_us() + ticker_period_us;
    TFV_INTERRUPT_ENABLE |= TFV_ALARM;
    rtos::Scheduler::set_alarm();
}

int mbed::FlashIAP::erase(uint32_t address, uint32_t count)
{
    for (uint32_t done = 0; done < count; done += 4096) {
        TFV_FLASH_ERASE = address + done;
        if (TFV_FLASH_FAILED != 0) {
            return -1;
        }
    }
    return 0;
}

int mbed::FlashIAP::program(const void *data, uint32_t address, uint32_t count)
{
    TFV_FLASH_SOURCE = reinterpret_cast<uint32_t>(data);
    TFV_FLASH_TARGET = address;
    TFV_FLASH_PROGRAM = count;
    return TFV_FLASH_FAILED != 0 ? -1 : 0;
}
