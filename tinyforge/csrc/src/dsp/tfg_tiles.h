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

/* Four windows into the four slots: r0 places, r1 to r4 windows, r5 groups */
#define EXPAND_FOUR                      \
    "1:\n\t"                             \
    "ldr r6, [r1], #4\n\t"               \
    "ldr r7, [r4], #4\n\t"               \
    "ldr r8, [r3], #4\n\t"               \
    "ldr r9, [r2], #4\n\t"               \
    "sxtb16 r10, r6\n\t"                 \
    "sxtb16 r11, r7\n\t"                 \
    "sxtb16 r12, r8\n\t"                 \
    "sxtb16 lr, r9\n\t"                  \
    "stmia r0!, {r10, r11, r12, lr}\n\t" \
    "sxtb16 r6, r6, ror #8\n\t"          \
    "sxtb16 r7, r7, ror #8\n\t"          \
    "sxtb16 r8, r8, ror #8\n\t"          \
    "sxtb16 r9, r9, ror #8\n\t"          \
    "stmia r0!, {r6, r7, r8, r9}\n\t"    \
    "subs r5, r5, #1\n\t"                \
    "bne 1b\n\t"                         \
    "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}\n\t"

/* Whole words of four windows: r0, r4 to r6 the windows, r2 the first copy, r3 and r12 one and three times the spacing, lr bytes */
#define COPY_FOUR                  \
    "1:\n\t"                       \
    "ldr r1, [r0], #4\n\t"         \
    "ldr r7, [r4], #4\n\t"         \
    "ldr r8, [r5], #4\n\t"         \
    "str r7, [r2, r3]\n\t"         \
    "ldr r7, [r6], #4\n\t"         \
    "str r8, [r2, r3, lsl #1]\n\t" \
    "str r7, [r2, r12]\n\t"        \
    "str r1, [r2], #4\n\t"         \
    "subs lr, lr, #4\n\t"          \
    "bgt 1b\n\t"                   \
    "pop {r4, r5, r6, r7, r8, pc}\n\t"

#endif /* TFG_TILES_H */
