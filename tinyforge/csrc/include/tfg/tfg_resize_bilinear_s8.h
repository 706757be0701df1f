#ifndef TFG_RESIZE_BILINEAR_S8_H
#define TFG_RESIZE_BILINEAR_S8_H

#include "tfg.h"

TFG_C_BEGIN

/* A picture interpolated between four neighbours; places in the input are counted in 1/1024 pixel. */
typedef struct {
    int32_t batches;
    int32_t in_h;
    int32_t in_w;
    int32_t out_h;
    int32_t out_w;
    int32_t channels;
    int32_t step_y;  /* 1/1024 pixel a row */
    int32_t start_y; /* of the first row */
    int32_t step_x;
    int32_t start_x;
} tfg_resize_bilinear_s8_t;

/* input [batches][in_h][in_w][channels], output [batches][out_h][out_w][channels] */
void tfg_resize_bilinear_s8(const tfg_resize_bilinear_s8_t *p, const int8_t *input, int8_t *output);

TFG_C_END

#endif /* TFG_RESIZE_BILINEAR_S8_H */
