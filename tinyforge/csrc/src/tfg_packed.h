/* Products with packed weights (tinyforge/compiler/packing.py); one inline function for all layers that have them. */
#ifndef TFG_PACKED_H
#define TFG_PACKED_H

#include "tfg.h"

enum { TFG_PACKED_CODED, TFG_PACKED_SPARSE };

/*
 * Sum of products of a row and its inputs; *row moves on to the next row.
 *   coded   an entry: distance << 4 | place in the book
 *   sparse  a pair: both distances, both values
 */
static inline int32_t tfg_packed_dot(int32_t form, const uint8_t **row, int32_t entries, const int8_t *book,
                                     const int8_t *input)
{
    const uint8_t *at = *row;
    int32_t sum = 0;
    if (form == TFG_PACKED_CODED) {
        for (const uint8_t *end = at + entries; at < end; at++) {
            const uint32_t entry = *at;
            input += entry >> 4;
            sum += *input * book[entry & 15];
        }
    } else {
        for (const uint8_t *end = at + 3 * entries; at < end; at += 3) {
            input += at[0] >> 4;
            sum += *input * (int8_t)at[1];
            input += at[0] & 15;
            sum += *input * (int8_t)at[2];
        }
    }
    *row = at;
    return sum;
}

#endif /* TFG_PACKED_H */
