/*
 * The least that can run a generated model: inputs come and outputs go as plain bytes on UART 0 (so it runs under
 * QEMU's mps2-an386 too), or a debugger puts inputs into RAM, calls the model or bench_many, and reads the outputs.
 *
 * The build defines BENCH_INPUT_BYTES, BENCH_OUTPUT_BYTES, BENCH_INVOKE (the model's function) and, when the model has a
 * state, BENCH_RESET and BENCH_CONTINUE (as BENCH_INVOKE, but going on from the last state), and, when it has a function
 * for the new samples of a sliding window beside it, BENCH_SLIDE and BENCH_SLIDE_RESET. Linked with bench_nothing.c
 * instead of a model, this is the harness whose size is taken off.
 */
#include <stdint.h>

#include "virtual_m4.h"

int8_t bench_input[BENCH_INPUT_BYTES] __attribute__((aligned(16), used));
int8_t bench_output[BENCH_OUTPUT_BYTES] __attribute__((aligned(16), used));

void BENCH_INVOKE(const int8_t *input, int8_t *output);
#ifdef BENCH_RESET
void BENCH_RESET(void);
#endif

#ifdef BENCH_CONTINUE
void BENCH_CONTINUE(const int8_t *input, int8_t *output);
#else
#define BENCH_CONTINUE BENCH_INVOKE
#endif

#define STRIDE(bytes) (((bytes) + 15u) & ~15u)

static void infer(const int8_t *input, int8_t *output, uint32_t keep_state)
{
    if (keep_state != 0) {
        BENCH_CONTINUE(input, output);
        return;
    }
#ifdef BENCH_RESET
    BENCH_RESET();
#endif
    BENCH_INVOKE(input, output);
}

/* The state is kept from inference to inference, or reset before each. Inputs and outputs of `count` inferences lie one behind the other, each beginning at a multiple of 16. */
__attribute__((section(".text.keep.bench_many"), used, noinline)) void bench_many(const int8_t *inputs, int8_t *outputs,
                                                                                  uint32_t count, uint32_t keep_state)
{
    for (uint32_t i = 0; i < count; i++) {
        infer(inputs + i * STRIDE(BENCH_INPUT_BYTES), outputs + i * STRIDE(BENCH_OUTPUT_BYTES), keep_state);
    }
}

#ifdef BENCH_SLIDE
void BENCH_SLIDE(const int8_t *samples, int8_t *output);
void BENCH_SLIDE_RESET(void);

/* One call for new samples, which begins a window or goes on with it. */
__attribute__((section(".text.keep.bench_slide"), used, noinline)) void bench_slide(const int8_t *samples,
                                                                                   int8_t *output, uint32_t begins)
{
    if (begins != 0) {
        BENCH_SLIDE_RESET();
    }
    BENCH_SLIDE(samples, output);
}
#endif

int main(void)
{
    UART_BAUDDIV(0) = 16u;
    UART_CTRL(0) = 3u;
    for (;;) {
        for (uint32_t i = 0; i < BENCH_INPUT_BYTES; i++) {
            while ((UART_STATE(0) & UART_RX_FULL) == 0) {
            }
            bench_input[i] = (int8_t)UART_DATA(0);
        }
        infer(bench_input, bench_output, 0);
        for (uint32_t i = 0; i < BENCH_OUTPUT_BYTES; i++) {
            while ((UART_STATE(0) & UART_TX_FULL) != 0) {
            }
            UART_DATA(0) = (uint8_t)bench_output[i];
        }
    }
}
