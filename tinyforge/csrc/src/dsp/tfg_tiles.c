/* Inner loops of src/dsp, in Armv7E-M instructions: their registers are all that there are, so C cannot say them. */
#include "tfg_tiles.h"

/* SSAT shifts by the one that the stored shift is short of */
#define RESCALE                            \
    "lsls \\sum, \\sum, #1\n\t"            \
    "smmulr \\sum, \\sum, r12\n\t"         \
    "add \\sum, \\sum, \\sum, asr #31\n\t" \
    "adds \\sum, \\sum, r2\n\t"            \
    "asrs \\sum, \\sum, r3\n\t"            \
    "ssat \\sum, #8, \\sum, asr #1\n\t"

/* Zero point -128: what is negative saturates however its halves are rounded */
#define RESCALE_RELU                   \
    "lsls \\sum, \\sum, #1\n\t"        \
    "smmlar \\sum, \\sum, r12, r2\n\t" \
    "asrs \\sum, \\sum, r3\n\t"        \
    "ssat \\sum, #8, \\sum, asr #1\n\t"

/* r0 goes through the multipliers, lr through the biases, whose low bytes are the shifts */
#define CHANNEL(FINAL, a, b, c, d) \
    "ldr r12, [r0], #4\n\t"        \
    "ldr r2, [sp, #32]\n\t"        \
    "ldrb r3, [lr], #4\n\t"        \
    "lsl r2, r2, r3\n\t" FINAL " " a "\n\t" FINAL " " b "\n\t" FINAL " " c "\n\t" FINAL " " d "\n\t"

/*
 * On the stack: flags, then the tiles from `places` on; r1 goes through the filter. Flags: bit 31 for two places, bit 30
 * for an odd number of groups.
 */
TFG_NAKED void tfg_tiles(TFG_UNUSED const tfg_tiles_t *tiles)
{
    __asm__ volatile(".syntax unified\n\t" /* C99 compilers need not take what these would make written out */
                     ".macro tfg_pair_4\n\t" PAIR_4 ".endm\n\t"
                     ".macro tfg_rescale sum\n\t" RESCALE ".endm\n\t"
                     ".macro tfg_rescale_relu sum\n\t" RESCALE_RELU ".endm\n\t"
                     "push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"
                     "ldmia r0, {r1, r2, r3, r4, r5, r6, r7, r8, r9, r10}\n\t"
                     "push {r1, r2, r3, r4, r5, r6, r7, r8, r9}\n\t"
                     "sub r2, r2, r1\n\t"
                     "and r0, r2, #32\n\t"
                     "lsl r0, r0, #25\n\t"
                     "cmn r6, r7\n\t"
                     "it eq\n\t"
                     "orreq r0, r0, #0x80000000\n\t"
                     "push {r0}\n\t"
                     "mov r1, r10\n\t"
                     "2:\n\t"                 /* two channels */
                     "ldr r12, [sp, #16]\n\t" /* loads in a row: each after the first takes one cycle */
                     "ldr r2, [sp]\n\t"
                     "ldr r0, [sp, #4]\n\t"
                     "ldr r7, [r12]\n\t"
                     "ldr r11, [r12, #4]\n\t"
                     "asr r7, r7, #8\n\t"
                     "asr r11, r11, #8\n\t"
                     "mov r4, r7\n\t"
                     "mov r5, r7\n\t"
                     "mov r8, r11\n\t"
                     "mov r9, r11\n\t"
                     "lsls r2, r2, #1\n\t"
                     "bcs.w 6f\n\t"
                     "mov r6, r7\n\t"
                     "mov r10, r11\n\t"
                     "bmi 4f\n\t"
                     "3:\n\t"
                     "tfg_pair_4\n\t"
                     "tfg_pair_4\n\t"
                     "4:\n\t"
                     "tfg_pair_4\n\t"
                     "tfg_pair_4\n\t"
                     "ldr r2, [sp, #8]\n\t"
                     "cmp r0, r2\n\t"
                     "bne 3b\n\t"
                     "5:\n\t"
                     "ldr r0, [sp, #12]\n\t"
                     "ldr lr, [sp, #16]\n\t"
                     "ldr r2, [sp, #32]\n\t"
                     "cmn r2, #255\n\t"
                     "beq 7f\n\t" CHANNEL("tfg_rescale", "r4", "r5", "r6", "r7")
                         CHANNEL("tfg_rescale", "r8", "r9", "r10",
                                 "r11") "b 8f\n\t"
                                        "6:\n\t" /* two places */
                                        "9:\n\t" PAIR_2 PAIR_2 "ldr r2, [sp, #8]\n\t"
                                        "cmp r0, r2\n\t"
                                        "bne 9b\n\t"
                                        "mov r6, r4\n\t"
                                        "mov r7, r5\n\t"
                                        "mov r10, r8\n\t"
                                        "mov r11, r9\n\t"
                                        "b 5b\n\t"
                                        "7:\n\t" CHANNEL("tfg_rescale_relu", "r4", "r5", "r6", "r7")
                                            CHANNEL("tfg_rescale_relu", "r8", "r9", "r10",
                                                    "r11") "8:\n\t"
                                                           "str r0, [sp, #12]\n\t"
                                                           "str lr, [sp, #16]\n\t"
                                                           "ldr r0, [sp, #36]\n\t"
                                                           "ldr r2, [sp, #24]\n\t"
                                                           "ldr r3, [sp, #28]\n\t"
                                                           "ldr r12, [sp, #20]\n\t"
                                                           "subs r0, r0, #2\n\t"
                                                           "str r0, [sp, #36]\n\t"
                                                           "bmi 10f\n\t"
                                                           "add lr, r12, #2\n\t"
                                                           "str lr, [sp, #20]\n\t"
                                                           "strb r4, [r12]\n\t"
                                                           "strb r8, [r12, #1]\n\t"
                                                           "add r12, r12, r3\n\t"
                                                           "strb r5, [r12]\n\t"
                                                           "strb r9, [r12, #1]\n\t"
                                                           "add r12, r12, r2\n\t"
                                                           "strb r6, [r12]\n\t"
                                                           "strb r10, [r12, #1]\n\t"
                                                           "add r12, r12, r3\n\t"
                                                           "strb r7, [r12]\n\t"
                                                           "strb r11, [r12, #1]\n\t"
                                                           "bne.w 2b\n\t"
                                                           "11:\n\t"
                                                           "add sp, sp, #40\n\t"
                                                           "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}\n\t"
                                                           "10:\n\t" /* an odd channel is the last */
                                                           "strb r4, [r12]\n\t"
                                                           "add r12, r12, r3\n\t"
                                                           "strb r5, [r12]\n\t"
                                                           "add r12, r12, r2\n\t"
                                                           "strb r6, [r12]\n\t"
                                                           "strb r7, [r12, r3]\n\t"
                                                           "b 11b\n\t"
                                                           ".purgem tfg_pair_4\n\t"
                                                           ".purgem tfg_rescale\n\t"
                                                           ".purgem tfg_rescale_relu\n\t");
}

TFG_NAKED void tfg_expand(TFG_UNUSED int16_t *slot, TFG_UNUSED const int8_t *bytes, TFG_UNUSED int32_t groups)
{
    __asm__ volatile(".syntax unified\n\t"
                     "1:\n\t"
                     "subs r2, r2, #1\n\t"
                     "it mi\n\t"
                     "bxmi lr\n\t"
                     "ldr r3, [r1], #4\n\t"
                     "sxtb16 r12, r3\n\t"
                     "sxtb16 r3, r3, ror #8\n\t"
                     "str r3, [r0, #16]\n\t"
                     "str r12, [r0], #32\n\t"
                     "b 1b\n\t");
}

TFG_NAKED void tfg_expand_four(TFG_UNUSED int16_t *places, TFG_UNUSED const int8_t *bytes, TFG_UNUSED int32_t stride,
                               TFG_UNUSED int32_t groups)
{
    __asm__ volatile(".syntax unified\n\t"
                     "push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"
                     "mov r5, r3\n\t"
                     "add r4, r1, r2\n\t"
                     "add r3, r1, r2, lsl #1\n\t"
                     "add r2, r3, r2\n\t" EXPAND_FOUR);
}

/* r0, r4..r6 windows, r2 the first one's copy, r3 and r12 one and three times the spacing, lr bytes left */
TFG_NAKED void tfg_copy_four(TFG_UNUSED const int8_t *windows, TFG_UNUSED int32_t stride, TFG_UNUSED int8_t *to,
                             TFG_UNUSED int32_t spacing, TFG_UNUSED int32_t count)
{
    __asm__ volatile(".syntax unified\n\t"
                     "push {r4, r5, r6, r7, r8, lr}\n\t"
                     "ldr lr, [sp, #24]\n\t"
                     "adds r4, r0, r1\n\t"
                     "adds r5, r4, r1\n\t"
                     "adds r6, r5, r1\n\t"
                     "add r12, r3, r3, lsl #1\n\t" COPY_FOUR);
}
