#ifndef TFG_MAX_POOL_2D_S8_H
#define TFG_MAX_POOL_2D_S8_H

#include "tfg.h"

TFG_C_BEGIN

/* Greatest value of each window; places beyond the edge do not count. */
typedef struct {
    int32_t batches;
    int32_t in_h;
    int32_t in_w;
    int32_t out_h;
    int32_t out_w;
    int32_t kernel_h;
    int32_t kernel_w;
    int32_t stride_h;
    int32_t stride_w;
    int32_t pad_h;
    int32_t pad_w;
    int32_t channels;
    int32_t min;
    int32_t max;
} tfg_max_pool_2d_s8_t;

/* input [batches][in_h][in_w][channels], output [batches][out_h][out_w][channels] */
void tfg_max_pool_2d_s8(const tfg_max_pool_2d_s8_t *p, const int8_t *input, int8_t *output);

TFG_C_END

#endif /* TFG_MAX_POOL_2D_S8_H */
