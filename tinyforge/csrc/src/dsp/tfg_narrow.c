/* Inner loops of src/dsp, in Armv7E-M instructions: their registers are all that there are, so C cannot say them. */
#include "tfg_dsp.h"

/* Two values of four places: r0 the places, r1 the channel; r4..r7 sums */
#define PAIR                            \
    "ldr r12, [r1], #4\n\t"             \
    "ldmia r0!, {r8, r9, r10, r11}\n\t" \
    "smlad r4, r8, r12, r4\n\t"         \
    "smlad r5, r9, r12, r5\n\t"         \
    "smlad r6, r10, r12, r6\n\t"        \
    "smlad r7, r11, r12, r7\n\t"

/* Of a channel whose weights make its shift 10: r8 multiplier, r9 final word */
#define RESCALE(sum)                     \
    "smmla " sum ", " sum ", r8, r9\n\t" \
    "ssat " sum ", #8, " sum ", asr #10\n\t"

/* Of any other: r9 shift less one, r10 rounding. A sum's sign is its product's, or that is 0 and the sign no matter */
#define RESCALE_EXACTLY(sum)                 \
    "smmlar r11, " sum ", r8, r10\n\t"       \
    "add " sum ", r11, " sum ", asr #31\n\t" \
    "asr " sum ", " sum ", r9\n\t"           \
    "ssat " sum ", #8, " sum ", asr #1\n\t"

/*
 * On the stack: places, end of the channels, end of the places, 2 * zero_point + 1; r2 output, r3 its stride, lr pairs that
 * are left out of eight, or 8 for more than eight
 */
TFG_NAKED void tfg_narrow(TFG_UNUSED const tfg_narrow_t *narrow)
{
    __asm__ volatile(
        ".syntax unified\n\t" /* C99 compilers need not take what this would make written out */
        ".macro tfg_pair\n\t" PAIR ".endm\n\t"
        "push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"
        "ldmia r0, {r1, r2, r3, r4, r5, r6, r7}\n\t"
        "rsbs lr, r6, #8\n\t" /* pairs that are left out */
        "it mi\n\t"
        "movmi lr, #8\n\t"
        "add r6, r4, r6, lsl #4\n\t"
        "push {r4, r5, r6, r7}\n\t"
        "cmp lr, #8\n\t" /* for who reads this code: the table has so many entries and one */
        "mov r0, r4\n\t"
        "1:\n\t" /* a channel */
        "ldmia r1!, {r7, r12}\n\t"
        "ldmia r0!, {r8, r9, r10, r11}\n\t"
        "smlad r4, r8, r7, r12\n\t"
        "smlad r5, r9, r7, r12\n\t"
        "smlad r6, r10, r7, r12\n\t"
        "smlad r7, r11, r7, r12\n\t"
        "tbb [pc, lr]\n\t"
        "2:\n\t" /* halfwords: 12 a pair */
        ".byte 5, 17, 29, 41, 53, 65, 77, 89, (5f - 2b) / 2, 0\n\t"
        "tfg_pair\n\t"
        "tfg_pair\n\t"
        "tfg_pair\n\t"
        "tfg_pair\n\t"
        "tfg_pair\n\t"
        "tfg_pair\n\t"
        "tfg_pair\n\t"
        "6:\n\t"
        "ldmia r1!, {r8, r9}\n\t"
        "cmp r8, #0\n\t"
        "blt 4f\n\t" RESCALE("r4") RESCALE("r5") RESCALE("r6")
            RESCALE("r7") "3:\n\t" /* the first place last: with a stride of 0 it stays */
                          "add r10, r2, r3, lsl #1\n\t"
                          "strb r7, [r10, r3]\n\t"
                          "strb r6, [r10]\n\t"
                          "strb r5, [r2, r3]\n\t"
                          "strb r4, [r2], #1\n\t"
                          "ldrd r0, r12, [sp]\n\t"
                          "cmp r1, r12\n\t"
                          "bne 1b\n\t"
                          "add sp, sp, #16\n\t"
                          "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}\n\t"
                          "4:\n\t"
                          "ldr r10, [sp, #12]\n\t"
                          "bic r8, r8, #0x80000000\n\t"
                          "lsl r10, r10, r9\n\t" RESCALE_EXACTLY("r4") RESCALE_EXACTLY("r5") RESCALE_EXACTLY("r6")
                              RESCALE_EXACTLY("r7") "b 3b\n\t"
                                                    "5:\n\t" /* more than seven: four at a time, the odd ones first */
                                                    "ldr r12, [sp, #8]\n\t"
                                                    "subs r12, r12, r0\n\t"
                                                    "ubfx r12, r12, #4, #2\n\t"
                                                    "cmp r12, #3\n\t"
                                                    "tbb [pc, r12]\n\t"
                                                    ".byte 2, 38, 26, 14\n\t"
                                                    "7:\n\t"
                                                    "tfg_pair\n\t"
                                                    "tfg_pair\n\t"
                                                    "tfg_pair\n\t"
                                                    "tfg_pair\n\t"
                                                    "ldr r12, [sp, #8]\n\t"
                                                    "cmp r0, r12\n\t"
                                                    "bne 7b\n\t"
                                                    "b 6b\n\t"

                                                    ".purgem tfg_pair\n\t");
}

/* r1, r4 to r6 the windows, r2 offsets, r3 words left, lr pairs left */
TFG_NAKED void tfg_take_windows(TFG_UNUSED int16_t *places, TFG_UNUSED const int8_t *const *windows,
                                TFG_UNUSED const int32_t *offsets, TFG_UNUSED int32_t words, TFG_UNUSED int32_t twos)
{
    __asm__ volatile(".syntax unified\n\t"
                     "push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"
                     "ldr lr, [sp, #36]\n\t"
                     "ldmia r1, {r1, r4, r5, r6}\n\t"
                     "cbz r3, 2f\n\t"
                     "1:\n\t"
                     "ldr r12, [r2], #4\n\t"
                     "ldr r7, [r1, r12]\n\t"
                     "ldr r8, [r4, r12]\n\t"
                     "ldr r9, [r5, r12]\n\t"
                     "ldr r10, [r6, r12]\n\t"
                     "sxtb16 r11, r7\n\t"
                     "sxtb16 r12, r8\n\t"
                     "strd r11, r12, [r0], #8\n\t"
                     "sxtb16 r11, r9\n\t"
                     "sxtb16 r12, r10\n\t"
                     "strd r11, r12, [r0], #8\n\t"
                     "sxtb16 r7, r7, ror #8\n\t"
                     "sxtb16 r8, r8, ror #8\n\t"
                     "sxtb16 r9, r9, ror #8\n\t"
                     "sxtb16 r10, r10, ror #8\n\t"
                     "stmia r0!, {r7, r8, r9, r10}\n\t"
                     "subs r3, r3, #1\n\t"
                     "bne 1b\n\t"
                     "2:\n\t"
                     "cmp lr, #0\n\t"
                     "beq 4f\n\t"
                     "3:\n\t"
                     "ldmia r2!, {r7, r8}\n\t"
                     "ldrsb r9, [r1, r7]\n\t"
                     "ldrsb r10, [r4, r7]\n\t"
                     "ldrsb r11, [r5, r7]\n\t"
                     "ldrsb r12, [r6, r7]\n\t"
                     "ldrsb r3, [r1, r8]\n\t"
                     "ldrsb r7, [r4, r8]\n\t"
                     "pkhbt r9, r9, r3, lsl #16\n\t"
                     "pkhbt r10, r10, r7, lsl #16\n\t"
                     "ldrsb r3, [r5, r8]\n\t"
                     "ldrsb r7, [r6, r8]\n\t"
                     "pkhbt r11, r11, r3, lsl #16\n\t"
                     "pkhbt r12, r12, r7, lsl #16\n\t"
                     "stmia r0!, {r9, r10, r11, r12}\n\t"
                     "subs lr, lr, #1\n\t"
                     "bne 3b\n\t"
                     "4:\n\t"
                     "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}\n\t");
}

/* r1, r4 to r6 the windows, r3 offsets, lr pairs left */
TFG_NAKED void tfg_pick_four(TFG_UNUSED int16_t *places, TFG_UNUSED const int8_t *windows, TFG_UNUSED int32_t stride,
                             TFG_UNUSED const int32_t *offsets, TFG_UNUSED int32_t pairs)
{
    __asm__ volatile(".syntax unified\n\t"
                     "push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"
                     "ldr lr, [sp, #36]\n\t"
                     "adds r4, r1, r2\n\t"
                     "adds r5, r4, r2\n\t"
                     "adds r6, r5, r2\n\t"
                     "1:\n\t"
                     "ldmia r3!, {r7, r8}\n\t"
                     "ldrsb r9, [r1, r7]\n\t"
                     "ldrsb r10, [r4, r7]\n\t"
                     "ldrsb r11, [r5, r7]\n\t"
                     "ldrsb r12, [r6, r7]\n\t"
                     "ldrsb r2, [r1, r8]\n\t"
                     "ldrsb r7, [r4, r8]\n\t"
                     "pkhbt r9, r9, r2, lsl #16\n\t"
                     "pkhbt r10, r10, r7, lsl #16\n\t"
                     "ldrsb r2, [r5, r8]\n\t"
                     "ldrsb r7, [r6, r8]\n\t"
                     "pkhbt r11, r11, r2, lsl #16\n\t"
                     "pkhbt r12, r12, r7, lsl #16\n\t"
                     "stmia r0!, {r9, r10, r11, r12}\n\t"
                     "subs lr, lr, #1\n\t"
                     "bne 1b\n\t"
                     "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}\n\t");
}

/*
 * r0 the next channel, r1 behind the last, r2 output, r3 its stride, r12 and lr inputs 0 2 and 1 3. On the stack: channels,
 * inputs, 2 * zero_point + 1, fours.
 */
TFG_NAKED void tfg_points(TFG_UNUSED const tfg_points_t *points)
{
    __asm__ volatile(".syntax unified\n\t"
                     "push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"
                     "ldmia r0, {r0, r1, r2, r3, r4, r5, r6}\n\t"
                     "push {r0, r4, r5, r6}\n\t"
                     "subs r7, r1, r0\n\t"
                     "cmp r7, #16\n\t"
                     "bne 1f\n\t"
                     "ldmia r0, {r8, r9, r10, r11}\n\t"
                     "cmp r10, #0\n\t"
                     "blt 1f\n\t"
                     "cbz r3, 1f\n\t"
                     "mov r0, r4\n\t"
                     "add r1, r4, r6, lsl #2\n\t"
                     "6:\n\t" /* one channel, as RESCALE */
                     "ldr r3, [r0], #4\n\t"
                     "sxtb16 r12, r3\n\t"
                     "sxtb16 lr, r3, ror #8\n\t"
                     "smlabb r4, r12, r8, r9\n\t"
                     "smlabb r5, lr, r8, r9\n\t"
                     "smlatb r6, r12, r8, r9\n\t"
                     "smlatb r7, lr, r8, r9\n\t"
                     ".irp sum, r4, r5, r6, r7\n\t"
                     "smmla \\sum, \\sum, r10, r11\n\t"
                     "ssat \\sum, #8, \\sum, asr #10\n\t"
                     "strb \\sum, [r2], #1\n\t"
                     ".endr\n\t"
                     "cmp r0, r1\n\t"
                     "bne 6b\n\t"
                     "b 5f\n\t"
                     "1:\n\t" /* four places */
                     "ldr r4, [sp, #4]\n\t"
                     "ldr r0, [sp]\n\t"
                     "ldr r5, [r4], #4\n\t"
                     "str r4, [sp, #4]\n\t"
                     "sxtb16 r12, r5\n\t"
                     "sxtb16 lr, r5, ror #8\n\t"
                     "2:\n\t"
                     "ldmia r0!, {r8, r9, r10, r11}\n\t"
                     "smlabb r4, r12, r8, r9\n\t"
                     "smlabb r5, lr, r8, r9\n\t"
                     "smlatb r6, r12, r8, r9\n\t"
                     "smlatb r7, lr, r8, r9\n\t"
                     "cmp r10, #0\n\t"
                     "blt 4f\n\t"
                     ".irp sum, r4, r5, r6, r7\n\t"
                     "smmla \\sum, \\sum, r10, r11\n\t"
                     "ssat \\sum, #8, \\sum, asr #10\n\t"
                     ".endr\n\t"
                     "3:\n\t" /* the first place last: with a stride of 0 it stays */
                     "add r9, r2, r3, lsl #1\n\t"
                     "strb r7, [r9, r3]\n\t"
                     "strb r6, [r9]\n\t"
                     "strb r5, [r2, r3]\n\t"
                     "strb r4, [r2], #1\n\t"
                     "cmp r0, r1\n\t"
                     "bne 2b\n\t"
                     "ldr r4, [sp, #12]\n\t"
                     "add r2, r9, r3\n\t" /* behind the last place's last channel */
                     "adds r2, r2, #1\n\t"
                     "subs r4, r4, #1\n\t"
                     "str r4, [sp, #12]\n\t"
                     "bne 1b\n\t"
                     "5:\n\t"
                     "add sp, sp, #16\n\t"
                     "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}\n\t"
                     "4:\n\t" /* as RESCALE_EXACTLY */
                     "ldr r9, [sp, #8]\n\t"
                     "bic r10, r10, #0x80000000\n\t"
                     "lsl r9, r9, r11\n\t"
                     ".irp sum, r4, r5, r6, r7\n\t"
                     "smmlar r8, \\sum, r10, r9\n\t"
                     "add \\sum, r8, \\sum, asr #31\n\t"
                     "asr \\sum, \\sum, r11\n\t"
                     "ssat \\sum, #8, \\sum, asr #1\n\t"
                     ".endr\n\t"
                     "b 3b\n\t");
}
