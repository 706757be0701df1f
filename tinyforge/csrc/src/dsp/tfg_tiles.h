/* Products of places with two channels at a time: what tfg_tiles.c and tfg_pool_tiles.c have in common. */
#ifndef TFG_TILES_H
#define TFG_TILES_H

#include "tfg_dsp.h"

/* Two inputs of four places: r0 places, r1 weights; r4..r7 sums of the first channel, r8..r11 of the second */
#define PAIR_4                    \
    "ldr r12, [r1], #4\n\t"       \
    "ldr r3, [r0, #4]\n\t"        \
    "ldr r2, [r0], #8\n\t"        \
    "sxtb16 lr, r12\n\t"          \
    "sxtb16 r12, r12, ror #8\n\t" \
    "smlad r4, lr, r2, r4\n\t"    \
    "smlad r8, r12, r2, r8\n\t"   \
    "smlad r5, lr, r3, r5\n\t"    \
    "smlad r9, r12, r3, r9\n\t"   \
    "ldrd r2, r3, [r0], #8\n\t"   \
    "smlad r6, lr, r2, r6\n\t"    \
    "smlad r10, r12, r2, r10\n\t" \
    "smlad r7, lr, r3, r7\n\t"    \
    "smlad r11, r12, r3, r11\n\t"

/* The same of the first two places */
#define PAIR_2                    \
    "ldr r12, [r1], #4\n\t"       \
    "ldr r3, [r0, #4]\n\t"        \
    "ldr r2, [r0], #16\n\t"       \
    "sxtb16 lr, r12\n\t"          \
    "sxtb16 r12, r12, ror #8\n\t" \
    "smlad r4, lr, r2, r4\n\t"    \
    "smlad r8, r12, r2, r8\n\t"   \
    "smlad r5, lr, r3, r5\n\t"    \
    "smlad r9, r12, r3, r9\n\t"

#endif /* TFG_TILES_H */
