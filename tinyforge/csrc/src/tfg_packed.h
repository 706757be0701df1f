/* Products with packed weights (tinyforge/compiler/packing.py); one inline function for all layers that have them. */
#ifndef TFG_PACKED_H
#define TFG_PACKED_H

#include "tfg.h"

enum { TFG_PACKED_CODED, TFG_PACKED_SPARSE, TFG_PACKED_INDEXED };

/*
 * Sum of products of a row and its inputs; *row moves on to the next row.
 *   coded    an entry: distance << 4 | place in the book
 *   sparse   a pair: both distances, both values
 *   indexed  two weights: place of the second << 4 | place of the first
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
    } else if (form == TFG_PACKED_SPARSE) {
        for (const uint8_t *end = at + 3 * entries; at < end; at += 3) {
            input += at[0] >> 4;
            sum += *input * (int8_t)at[1];
            input += at[0] & 15;
            sum += *input * (int8_t)at[2];
        }
    } else {
        for (int32_t pair = entries / 2; pair > 0; pair--) {
            const uint32_t places = *at++;
            sum += input[0] * book[places & 15] + input[1] * book[places >> 4];
            input += 2;
        }
        if (entries % 2 != 0) {
            sum += *input * book[*at++ & 15];
        }
    }
    *row = at;
    return sum;
}

#endif /* TFG_PACKED_H */
