/* Firmware without a model: it records, and refuses to infer. Empty where a generated tfw_model.c is built in. */
#include "tfw_eembc.h"
#include "tfw_model.h"

#ifndef TFW_WITH_MODEL

static const uint8_t no_sha256[32];

const tfw_model_t tfw_model = {.name = "", .sha256 = no_sha256};
const tfw_eembc_model_t tfw_eembc_model = {.output_scale = 1.0f / 256.0f, .output_zero_point = -128};

#else

typedef int tfw_model_none_is_empty; /* ISO C wants a declaration in every file */

#endif
