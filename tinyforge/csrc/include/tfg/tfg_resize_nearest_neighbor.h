#ifndef TFG_RESIZE_NEAREST_NEIGHBOR_H
#define TFG_RESIZE_NEAREST_NEIGHBOR_H

#include "tfg.h"

TFG_C_BEGIN

/* A picture whose rows and columns are chosen by table. */
typedef struct {
    const uint16_t *rows;    /* [out_h] row of the input */
    const uint16_t *columns; /* [out_w] column of the input */
    int32_t batches;
    int32_t in_h;
    int32_t in_w;
    int32_t out_h;
    int32_t out_w;
    int32_t run; /* bytes of a pixel */
} tfg_resize_nearest_neighbor_t;

/* input [batches][in_h][in_w][run], output [batches][out_h][out_w][run] */
void tfg_resize_nearest_neighbor(const tfg_resize_nearest_neighbor_t *p, const void *input, void *output);

TFG_C_END

#endif /* TFG_RESIZE_NEAREST_NEIGHBOR_H */
