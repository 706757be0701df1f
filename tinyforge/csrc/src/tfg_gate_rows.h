/* Products with the packed weights of a recurrent layer's gates (tinyforge/compiler/gate_packing.py). */
#ifndef TFG_GATE_ROWS_H
#define TFG_GATE_ROWS_H

#include "tfg.h"

enum { TFG_GATES_LISTED, TFG_GATES_MASKED, TFG_GATES_CODED, TFG_GATES_INDEXED };

/*
 * Sum of products of a row and its inputs; *row moves on to the next row.
 *   listed   words of two entries: value, input; value, 2 * input + whether the row ends
 *   masked   a bit for each input, the first one is the greatest; the values of those that are set
 *   coded    the same bits; places of the values in the book, two a byte, the first one below
 *   indexed  places of all values alike
 */
static inline int32_t tfg_gate_row(int32_t form, const uint8_t **row, const int8_t *book, const int8_t *input,
                                   int32_t length)
{
    const uint8_t *at = *row;
    int32_t sum = 0;
    if (form == TFG_GATES_LISTED) {
        do {
            sum += input[at[1]] * (int8_t)at[0] + input[at[3] >> 1] * (int8_t)at[2];
            at += 4;
        } while ((at[-1] & 1) == 0);
        *row = at;
        return sum;
    }
    const uint8_t *mask = at;
    int32_t upper = 0;
    if (form != TFG_GATES_INDEXED) {
        at += (length + 7) / 8;
    }
    for (int32_t i = 0; i < length; i++) {
        if (form != TFG_GATES_INDEXED && (mask[i / 8] & (128 >> i % 8)) == 0) {
            continue;
        }
        if (form == TFG_GATES_MASKED) {
            sum += input[i] * (int8_t)*at++;
            continue;
        }
        sum += input[i] * book[upper ? *at >> 4 : *at & 15];
        at += upper;
        upper ^= 1;
    }
    *row = at + upper;
    return sum;
}

#endif /* TFG_GATE_ROWS_H */
