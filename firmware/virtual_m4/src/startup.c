/* Vector table and start of the virtual board (Cortex-M4F, Arm MPS2 AN386). */
#include <stdint.h>

#define SCB_CPACR   (*(volatile uint32_t *)0xE000ED88u)
#define STACK_PAINT 0xA5C3A5C3u

extern uint32_t __stack_limit[], __stack_top[];
extern uint32_t __data_load[], __data_start[], __data_end[], __bss_start[], __bss_end[];

int main(void);
void Reset_Handler(void);
void Stopped_Handler(void);

/* Every fault and every interrupt nobody asked for ends here; the virtual board reports them by itself. */
__attribute__((noreturn)) void Stopped_Handler(void)
{
    for (;;) {
        __asm volatile("bkpt #0");
    }
}

__attribute__((noreturn)) void Reset_Handler(void)
{
    /* The FPU first: from here on the compiler may use its registers. */
    SCB_CPACR |= 0xFu << 20;
    __asm volatile("dsb\n\tisb" ::: "memory");

    uint32_t *sp;
    __asm volatile("mov %0, sp" : "=r"(sp));
    for (volatile uint32_t *word = __stack_limit; word < sp; word++) {
        *word = STACK_PAINT;
    }
    const uint32_t *from = __data_load;
    for (volatile uint32_t *to = __data_start; to < __data_end; to++) {
        *to = *from++;
    }
    for (volatile uint32_t *to = __bss_start; to < __bss_end; to++) {
        *to = 0;
    }
    main();
    Stopped_Handler();
}

typedef void (*vector_t)(void);

/* 16 entries of the core, 32 interrupt lines of the AN386. */
/* clang-format off */
__attribute__((section(".vectors"), used)) const vector_t tfw_vectors[48] = {
    (vector_t)(uintptr_t)__stack_top, Reset_Handler, Stopped_Handler, Stopped_Handler, Stopped_Handler, Stopped_Handler,
    Stopped_Handler, Stopped_Handler, Stopped_Handler, Stopped_Handler, Stopped_Handler, Stopped_Handler,
    Stopped_Handler, Stopped_Handler, Stopped_Handler, Stopped_Handler, Stopped_Handler, Stopped_Handler,
    Stopped_Handler, Stopped_Handler, Stopped_Handler, Stopped_Handler, Stopped_Handler, Stopped_Handler,
    Stopped_Handler, Stopped_Handler, Stopped_Handler, Stopped_Handler, Stopped_Handler, Stopped_Handler,
    Stopped_Handler, Stopped_Handler, Stopped_Handler, Stopped_Handler, Stopped_Handler, Stopped_Handler,
    Stopped_Handler, Stopped_Handler, Stopped_Handler, Stopped_Handler, Stopped_Handler, Stopped_Handler,
    Stopped_Handler, Stopped_Handler, Stopped_Handler, Stopped_Handler, Stopped_Handler, Stopped_Handler,
};
/* clang-format on */
