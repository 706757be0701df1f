/* Inner loops of src/dsp, in Armv7E-M instructions: their registers are all that there are, so C cannot say them. */
#include "tfg_tiles.h"

/* The greater of two sums */
#define GREATER              \
    "cmp \\one, \\other\n\t" \
    "it lt\n\t"              \
    "movlt \\one, \\other\n\t"

/* As tfg_tiles rescales: SSAT shifts by the one that the stored shift is short of; shifts are the low bytes of words */
#define RESCALE                            \
    "lsls \\sum, \\sum, #1\n\t"            \
    "smmulr \\sum, \\sum, \\factor\n\t"    \
    "add \\sum, \\sum, \\sum, asr #31\n\t" \
    "adds \\sum, \\sum, \\half\n\t"        \
    "asrs \\sum, \\sum, \\shift\n\t"       \
    "ssat \\sum, #8, \\sum, asr #1\n\t"

#define RESCALE_RELU                            \
    "lsls \\sum, \\sum, #1\n\t"                 \
    "smmlar \\sum, \\sum, \\factor, \\half\n\t" \
    "asrs \\sum, \\sum, \\shift\n\t"            \
    "ssat \\sum, #8, \\sum, asr #1\n\t"

/* Both outputs of both channels: r7, r5, r3 belong to the first channel, r11, r12, r9 to the second */
#define FOUR                       \
    "\\final r4, r7, r5, r3\n\t"   \
    "\\final r6, r7, r5, r3\n\t"   \
    "\\final r8, r11, r12, r9\n\t" \
    "\\final r10, r11, r12, r9\n\t"

/* On the stack: the tiles from `places` on, bit 30 of `flags` for an odd number of groups; r1 goes through the filter */
TFG_NAKED void tfg_pool_tiles(TFG_UNUSED const tfg_pool_tiles_t *tiles)
{
    __asm__ volatile(".syntax unified\n\t" /* C99 compilers need not take what these would make written out */
                     ".macro tfg_pair_4\n\t" PAIR_4 ".endm\n\t"
                     ".macro tfg_pair_2\n\t" PAIR_2 ".endm\n\t"
                     ".macro tfg_greater one, other\n\t" GREATER ".endm\n\t"
                     ".macro tfg_rescale sum, factor, half, shift\n\t" RESCALE ".endm\n\t"
                     ".macro tfg_rescale_relu sum, factor, half, shift\n\t" RESCALE_RELU ".endm\n\t"
                     ".macro tfg_four final\n\t" FOUR ".endm\n\t"
                     "push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"
                     "ldmia r0, {r1, r2, r3, r4, r5, r6, r7, r8, r9, r10}\n\t"
                     "sub r0, r2, r1\n\t"
                     "and r0, r0, #32\n\t"
                     "orr r6, r6, r0, lsl #25\n\t"
                     "push {r1, r2, r3, r4, r5, r6, r7, r8, r9}\n\t"
                     "mov r1, r10\n\t"
                     "1:\n\t" /* two channels */
                     "ldr r12, [sp, #12]\n\t"
                     "ldr r2, [sp, #20]\n\t"
                     "ldr r0, [sp]\n\t"
                     "ldr r7, [r12]\n\t"
                     "ldr r11, [r12, #4]\n\t"
                     "asr r7, r7, #8\n\t"
                     "asr r11, r11, #8\n\t"
                     "mov r4, r7\n\t"
                     "mov r5, r7\n\t"
                     "mov r8, r11\n\t"
                     "mov r9, r11\n\t"
                     "lsls r2, r2, #1\n\t"
                     "bcs.w 7f\n\t"
                     "mov r6, r7\n\t"
                     "mov r10, r11\n\t"
                     "bmi 3f\n\t"
                     "2:\n\t"
                     "tfg_pair_4\n\t"
                     "tfg_pair_4\n\t"
                     "3:\n\t"
                     "tfg_pair_4\n\t"
                     "tfg_pair_4\n\t"
                     "ldr r2, [sp, #4]\n\t"
                     "cmp r0, r2\n\t"
                     "bne 2b\n\t"
                     "tfg_greater r6, r7\n\t"
                     "tfg_greater r10, r11\n\t"
                     "4:\n\t"
                     "tfg_greater r4, r5\n\t"
                     "tfg_greater r8, r9\n\t"
                     "ldr r2, [sp, #20]\n\t"
                     "ldr r0, [sp, #8]\n\t"
                     "ldr lr, [sp, #12]\n\t"
                     "lsls r2, r2, #3\n\t"
                     "ldr r5, [sp, #28]\n\t"
                     "bcs 8f\n\t"
                     "5:\n\t"
                     "ldmia r0!, {r7, r11}\n\t"
                     "ldmia lr!, {r3, r9}\n\t"
                     "str r0, [sp, #8]\n\t"
                     "str lr, [sp, #12]\n\t"
                     "lsl r12, r5, r9\n\t"
                     "cmn r5, #255\n\t"
                     "lsl r5, r5, r3\n\t"
                     "beq 9f\n\t"
                     "tfg_four tfg_rescale\n\t"
                     "6:\n\t"
                     "ldr r0, [sp, #32]\n\t"
                     "ldr r12, [sp, #16]\n\t"
                     "ldr r2, [sp, #24]\n\t"
                     "subs r0, r0, #2\n\t"
                     "str r0, [sp, #32]\n\t"
                     "strb r6, [r12, r2]\n\t" /* the first output over it if alone */
                     "strb r4, [r12], #1\n\t"
                     "bmi 10f\n\t"
                     "strb r10, [r12, r2]\n\t"
                     "strb r8, [r12], #1\n\t"
                     "str r12, [sp, #16]\n\t"
                     "bne.w 1b\n\t"
                     "10:\n\t"
                     "add sp, sp, #36\n\t"
                     "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}\n\t"
                     "7:\n\t" /* two places */
                     "tfg_pair_2\n\t"
                     "tfg_pair_2\n\t"
                     "ldr r2, [sp, #4]\n\t"
                     "cmp r0, r2\n\t"
                     "bne 7b\n\t"
                     "b 4b\n\t"
                     "8:\n\t" /* one output of four places */
                     "tfg_greater r4, r6\n\t"
                     "tfg_greater r8, r10\n\t"
                     "b 5b\n\t"
                     "9:\n\t"
                     "tfg_four tfg_rescale_relu\n\t"
                     "b 6b\n\t"
                     ".purgem tfg_pair_4\n\t"
                     ".purgem tfg_pair_2\n\t"
                     ".purgem tfg_four\n\t"
                     ".purgem tfg_greater\n\t"
                     ".purgem tfg_rescale\n\t"
                     ".purgem tfg_rescale_relu\n\t");
}

TFG_NAKED void tfg_expand_square(TFG_UNUSED int16_t *places, TFG_UNUSED const int8_t *bytes, TFG_UNUSED int32_t right,
                                 TFG_UNUSED int32_t down, TFG_UNUSED int32_t groups)
{
    __asm__ volatile(".syntax unified\n\t"
                     "push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"
                     "ldr r5, [sp, #36]\n\t"
                     "add r4, r1, r2\n\t"
                     "add r3, r1, r3\n\t"
                     "add r2, r3, r2\n\t" EXPAND_FOUR);
}

TFG_NAKED void tfg_copy_square(TFG_UNUSED const int8_t *windows, TFG_UNUSED int32_t right, TFG_UNUSED int8_t *to,
                               TFG_UNUSED int32_t spacing, TFG_UNUSED int32_t count, TFG_UNUSED int32_t down)
{
    __asm__ volatile(".syntax unified\n\t"
                     "push {r4, r5, r6, r7, r8, lr}\n\t"
                     "ldrd lr, r5, [sp, #24]\n\t"
                     "adds r4, r0, r1\n\t"
                     "adds r5, r0, r5\n\t"
                     "adds r6, r5, r1\n\t"
                     "add r12, r3, r3, lsl #1\n\t" COPY_FOUR);
}
