/* Vector table and start of an Arduino board on the virtual platform. The section names are those of its linker script. */
#include <stdint.h>

#define SCB_CPACR   (*(volatile uint32_t *)0xE000ED88u)
#define STACK_PAINT 0xA5C3A5C3u

extern uint32_t _stack_limit[], _estack[], _sidata[], _sdata[], _edata[], _sbss[], _ebss[];
extern void (*__preinit_array_start[])(void), (*__preinit_array_end[])(void);
extern void (*__init_array_start[])(void), (*__init_array_end[])(void);

int main(void);
void SystemClock_Config(void);
void Reset_Handler(void);
void Stopped_Handler(void);
void tfv_interrupt(void);

/* A board whose chip needs its clocks set up has its own. */
__attribute__((weak)) void SystemClock_Config(void)
{
}

__attribute__((noreturn)) void Stopped_Handler(void)
{
    for (;;) {
        __asm volatile("bkpt #0");
    }
}

static void call_each(void (**from)(void), void (**to)(void))
{
    for (; from < to; from++) {
        (*from)();
    }
}

__attribute__((noreturn)) void Reset_Handler(void)
{
    SCB_CPACR |= 0xFu << 20; /* the FPU */
    __asm volatile("dsb\n\tisb" ::: "memory");
    uint32_t *sp;
    __asm volatile("mov %0, sp" : "=r"(sp));
    for (volatile uint32_t *word = _stack_limit; word < sp; word++) {
        *word = STACK_PAINT;
    }
    const uint32_t *from = _sidata;
    for (volatile uint32_t *to = _sdata; to < _edata; to++) {
        *to = *from++;
    }
    for (volatile uint32_t *to = _sbss; to < _ebss; to++) {
        *to = 0;
    }
    call_each(__preinit_array_start, __preinit_array_end);
    SystemClock_Config();
    call_each(__init_array_start, __init_array_end);
    main();
    Stopped_Handler();
}

typedef void (*vector_t)(void);

/* clang-format off */
__attribute__((section(".isr_vector"), used)) const vector_t tfv_vectors[17] = {
    (vector_t)(uintptr_t)_estack, Reset_Handler,   Stopped_Handler, Stopped_Handler, Stopped_Handler, Stopped_Handler,
    Stopped_Handler,              Stopped_Handler, Stopped_Handler, Stopped_Handler, Stopped_Handler, Stopped_Handler,
    Stopped_Handler,              Stopped_Handler, Stopped_Handler, Stopped_Handler, tfv_interrupt,
};
/* clang-format on */
