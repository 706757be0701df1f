/* Stands in for a model, to measure the harness alone. */
#include <stdint.h>

void BENCH_INVOKE(const int8_t *input, int8_t *output);

void BENCH_INVOKE(const int8_t *input, int8_t *output)
{
    (void)input;
    (void)output;
}

#ifdef BENCH_RESET
void BENCH_RESET(void);

void BENCH_RESET(void)
{
}
#endif

#ifdef BENCH_CONTINUE
void BENCH_CONTINUE(const int8_t *input, int8_t *output);

void BENCH_CONTINUE(const int8_t *input, int8_t *output)
{
    (void)input;
    (void)output;
}
#endif

#ifdef BENCH_SLIDE
void BENCH_SLIDE(const int8_t *samples, int8_t *output);
void BENCH_SLIDE_RESET(void);

void BENCH_SLIDE(const int8_t *samples, int8_t *output)
{
    (void)samples;
    (void)output;
}

void BENCH_SLIDE_RESET(void)
{
}
#endif
