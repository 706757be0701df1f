#ifndef TFG_FULLY_CONNECTED_PACKED_S8_H
#define TFG_FULLY_CONNECTED_PACKED_S8_H

#include "tfg.h"

TFG_C_BEGIN

/*
 * Dense layer whose weights are packed: many zeros. One rounding an output, as tfg_fully_connected_s8 and
 * tfg_fully_connected_per_channel_s8 round.
 */
typedef struct {
    const uint8_t *rows;       /* packed weights of one output after the other, see src/tfg_packed.h */
    const uint16_t *entries;   /* [out_len] of each row */
    const int8_t *book;        /* [16] values; NULL for the form without */
    const int32_t *bias;       /* [out_len], the input's zero point folded in */
    const int32_t *multiplier; /* [1] or [out_len], (0, 2^31) */
    const int8_t *shift;       /* [1] or [out_len], 1..22 */
    int32_t form;              /* 0 coded, 1 sparse */
    int32_t batches;
    int32_t in_len;
    int32_t out_len;
    int32_t per_channel; /* 1: a multiplier and a shift for each output */
    int32_t zero_point;
    int32_t min;
    int32_t max;
} tfg_fully_connected_packed_s8_t;

/* input [batches][in_len], output [batches][out_len] */
void tfg_fully_connected_packed_s8(const tfg_fully_connected_packed_s8_t *p, const int8_t *input, int8_t *output);

TFG_C_END

#endif /* TFG_FULLY_CONNECTED_PACKED_S8_H */
