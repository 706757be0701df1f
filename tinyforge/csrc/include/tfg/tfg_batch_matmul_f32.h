#ifndef TFG_BATCH_MATMUL_F32_H
#define TFG_BATCH_MATMUL_F32_H

#include "tfg.h"

TFG_C_BEGIN

/*
 * Products of float matrices, over up to three batch dimensions with broadcasting (stride 0). Rows, columns and depth
 * have a stride an operand, so either may be transposed. Products are added one after the other.
 */
typedef struct {
    int32_t batch_0;
    int32_t left_batch_0; /* strides in elements */
    int32_t right_batch_0;
    int32_t batch_1;
    int32_t left_batch_1;
    int32_t right_batch_1;
    int32_t batch_2;
    int32_t left_batch_2;
    int32_t right_batch_2;
    int32_t rows;
    int32_t left_row;
    int32_t columns;
    int32_t right_column;
    int32_t depth;
    int32_t left_depth;
    int32_t right_depth;
} tfg_batch_matmul_f32_t;

/* output [batch_0][batch_1][batch_2][rows][columns] */
void tfg_batch_matmul_f32(const tfg_batch_matmul_f32_t *p, const float *left, const float *right, float *output);

TFG_C_END

#endif /* TFG_BATCH_MATMUL_F32_H */
