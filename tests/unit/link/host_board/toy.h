/* A model small enough to check by hand, with the functions an export has. */
#include <stdint.h>

void toy_preprocess(const float *raw, int8_t *input);
void toy_invoke(const int8_t *input, int8_t *output);
void toy_reset(void);

/* With TOY_HOP samples of TOY_CHANNELS values. */
void toy_preprocess_samples(const float *raw, int8_t *input, int32_t samples);
void toy_slide(const int8_t *samples, int8_t *output);
void toy_slide_reset(void);
