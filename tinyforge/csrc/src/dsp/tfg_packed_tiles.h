/* Bodies of assembler macros that the convolutions with packed weights have in common. */
#ifndef TFG_PACKED_TILES_H
#define TFG_PACKED_TILES_H

#include "tfg_dsp.h"

/* As tfg_tiles rescales: SSAT shifts by the one that the stored shift is short of */
#define RESCALE                            \
    "lsls \\sum, \\sum, #1\n\t"            \
    "smmulr \\sum, \\sum, r9\n\t"          \
    "add \\sum, \\sum, \\sum, asr #31\n\t" \
    "adds \\sum, \\sum, r10\n\t"           \
    "asrs \\sum, \\sum, r12\n\t"           \
    "ssat \\sum, #8, \\sum, asr #1\n\t"

/* The greater of two sums */
#define GREATER              \
    "cmp \\one, \\other\n\t" \
    "it lt\n\t"              \
    "movlt \\one, \\other\n\t"

#endif /* TFG_PACKED_TILES_H */
