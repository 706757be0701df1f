/* A model small enough to check by hand, with the functions an export has. */
#include <stdint.h>

void toy_preprocess(const float *raw, int8_t *input);
void toy_invoke(const int8_t *input, int8_t *output);
void toy_reset(void);
