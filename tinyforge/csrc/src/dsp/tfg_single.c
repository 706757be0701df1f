/* Inner loops of src/dsp, in Armv7E-M instructions: their registers are all that there are, so C cannot say them. */
#include "tfg_dsp.h"

/* A word of four bytes as bytes 0 2 and 1 3 */
#define WIDEN(even, odd, word)      \
    "sxtb16 " even ", " word "\n\t" \
    "sxtb16 " odd ", " word ", ror #8\n\t"

/*
 * Four taps of four outputs side by side, whose sums begin as named: weights 0 2 in r12, 1 3 in lr; inputs 0 2 and 1 3 in
 * r8 and r9, the next four in r10 and r11. The outputs between meet inputs that lie crossed.
 */
#define FOUR_TAPS(a, b, c, d)       \
    "smlad r4, r8, r12, " a "\n\t"  \
    "smlad r5, r9, r12, " b "\n\t"  \
    "smlad r4, r9, lr, r4\n\t"      \
    "pkhbt r8, r10, r8\n\t"         \
    "pkhbt r9, r11, r9\n\t"         \
    "smladx r6, r8, r12, " c "\n\t" \
    "smladx r7, r9, r12, " d "\n\t" \
    "smladx r5, r8, lr, r5\n\t"     \
    "smladx r6, r9, lr, r6\n\t"     \
    "smlad r7, r10, lr, r7\n\t"

/* One tap more, in r8 */
#define ONE_TAP(even, odd)            \
    "smlabb r4, " even ", r8, r4\n\t" \
    "smlabb r5, " odd ", r8, r5\n\t"  \
    "smlatb r6, " even ", r8, r6\n\t" \
    "smlatb r7, " odd ", r8, r7\n\t"

/* The same with inputs side by side from r0 on */
#define TAP_BESIDE      \
    "ldr r11, [r0]\n\t" \
    "ldr r8, [r1], #4\n\t" WIDEN("r10", "r11", "r11") "add r0, r0, r8, asr #16\n\t" ONE_TAP("r10", "r11")

/* With inputs r3 apart, lr three times that */
#define TAP_APART                     \
    "ldrsb r9, [r0]\n\t"              \
    "ldrsb r10, [r0, r3]\n\t"         \
    "ldrsb r11, [r0, r3, lsl #1]\n\t" \
    "ldrsb r12, [r0, lr]\n\t"         \
    "ldr r8, [r1], #4\n\t"            \
    "smlabb r4, r9, r8, r4\n\t"       \
    "smlabb r5, r10, r8, r5\n\t"      \
    "smlabb r6, r11, r8, r6\n\t"      \
    "smlabb r7, r12, r8, r7\n\t"      \
    "add r0, r0, r8, asr #16\n\t"

/* Of taps that hold the shift: r8 multiplier, r9 addend */
#define RESCALE                    \
    "smmla r4, r4, r8, r9\n\t"     \
    "smmla r5, r5, r8, r9\n\t"     \
    "smmla r6, r6, r8, r9\n\t"     \
    "smmla r7, r7, r8, r9\n\t"     \
    "ssat r4, #8, r4, asr #10\n\t" \
    "ssat r5, #8, r5, asr #10\n\t" \
    "ssat r6, #8, r6, asr #10\n\t" \
    "ssat r7, #8, r7, asr #10\n\t"

/* Of any others: r9 rounding, r10 shift. A sum's sign is its product's, or that is 0 and the sign no matter */
#define RESCALE_EXACTLY(sum)                 \
    "smmlar r11, " sum ", r8, r9\n\t"        \
    "add " sum ", r11, " sum ", asr #31\n\t" \
    "asr " sum ", " sum ", r10\n\t"          \
    "ssat " sum ", #8, " sum ", asr #1\n\t"

/* Four outputs at r2, which goes on behind them */
#define PUT_FOUR            \
    "strb r4, [r2], #1\n\t" \
    "strb r5, [r2], #1\n\t" \
    "strb r6, [r2], #1\n\t" \
    "strb r7, [r2], #1\n\t"

/* clang-format off */
/*
 * r0 inputs, r1 bias, r2 output, r3 where r0 ends. On the stack: 0 multiplier, 4 addend, 8 shift, 12 how far the last four
 * outputs lie among those before, 16 the single tap, 20 the taps, 24 fours.
 */
TFG_NAKED void tfg_single_row(TFG_UNUSED const tfg_single_row_t *row)
{
    __asm__ volatile(
        ".syntax unified\n\t"
        "push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"
        "ldmia r0, {r0, r1, r2, r3, r4, r5, r6, r7, r8, r9}\n\t"
        "rsb r10, r3, #0\n\t"
        "and r10, r10, #3\n\t"
        "bic r3, r3, #3\n\t"
        "add r3, r3, r0\n\t"
        "add r11, r5, r5, lsl #1\n\t"
        "add r11, r4, r11, lsl #2\n\t"
        "cmp r6, #0\n\t"
        "ite eq\n\t"
        "moveq r11, #0\n\t"
        "ldrne r11, [r11]\n\t"
        "mov r12, r4\n\t"
        "mov lr, r5\n\t"
        "push {r7, r8, r9, r10, r11, r12, lr}\n\t"
        "cmp r5, #1\n\t"
        "bne 5f\n\t"
        "ldrd r12, lr, [r4, #4]\n\t" /* one four: its weights stay in their registers, and inputs are widened once */
        "adds r3, r3, #4\n\t"
        "1:\n\t"
        "ldr r11, [r0], #4\n\t"
        WIDEN("r10", "r11", "r11")
        "2:\n\t"
        "mov r8, r10\n\t"
        "mov r9, r11\n\t"
        "ldr r11, [r0], #4\n\t"
        WIDEN("r10", "r11", "r11")
        FOUR_TAPS("r1", "r1", "r1", "r1")
        "ldr r8, [sp, #16]\n\t"
        "cmp r8, #0\n\t"
        "beq 3f\n\t"
        ONE_TAP("r10", "r11")
        "3:\n\t"
        "ldrd r8, r9, [sp]\n\t"
        "cmp r8, #0\n\t"
        "blt 8f\n\t"
        RESCALE
        "4:\n\t"
        PUT_FOUR
        "cmp r0, r3\n\t"
        "bne 2b\n\t"
        "ldr r8, [sp, #12]\n\t"
        "cmp r8, #0\n\t"
        "beq 10f\n\t"
        "subs r0, r0, #4\n\t"
        "b 9f\n\t"
        "5:\n\t" /* two fours */
        "ldr r12, [sp, #20]\n\t"
        "ldr r9, [r0], #4\n\t"
        "ldr r11, [r0]\n\t"
        "ldrd r12, lr, [r12, #4]\n\t"
        WIDEN("r8", "r9", "r9")
        WIDEN("r10", "r11", "r11")
        FOUR_TAPS("r1", "r1", "r1", "r1")
        "ldr r12, [sp, #20]\n\t"
        "mov r8, r10\n\t"
        "mov r9, r11\n\t"
        "ldr r11, [r0, #4]\n\t"
        "ldrd r12, lr, [r12, #16]\n\t"
        WIDEN("r10", "r11", "r11")
        FOUR_TAPS("r4", "r5", "r6", "r7")
        "ldr r8, [sp, #16]\n\t"
        "cmp r8, #0\n\t"
        "beq 6f\n\t"
        ONE_TAP("r10", "r11")
        "6:\n\t"
        "ldrd r8, r9, [sp]\n\t"
        "cmp r8, #0\n\t"
        "blt 8f\n\t"
        RESCALE
        "7:\n\t"
        PUT_FOUR
        "cmp r0, r3\n\t"
        "bne 5b\n\t"
        "ldr r8, [sp, #12]\n\t"
        "cmp r8, #0\n\t"
        "beq 10f\n\t"
        "9:\n\t" /* the last four once more, some of them among those before */
        "subs r0, r0, r8\n\t"
        "subs r2, r2, r8\n\t"
        "rsb r8, r8, #4\n\t"
        "add r3, r3, r8\n\t"
        "movs r4, #0\n\t"
        "str r4, [sp, #12]\n\t"
        "ldr r8, [sp, #24]\n\t"
        "cmp r8, #1\n\t"
        "beq.w 1b\n\t"
        "b 5b\n\t"
        "8:\n\t"
        "bic r8, r8, #0x80000000\n\t"
        "ldr r10, [sp, #8]\n\t"
        RESCALE_EXACTLY("r4")
        RESCALE_EXACTLY("r5")
        RESCALE_EXACTLY("r6")
        RESCALE_EXACTLY("r7")
        "ldr r8, [sp, #24]\n\t"
        "cmp r8, #1\n\t"
        "bne 7b\n\t"
        "ldr r11, [r0, #-4]\n\t"
        WIDEN("r10", "r11", "r11")
        "b 4b\n\t"
        "10:\n\t"
        "add sp, sp, #28\n\t"
        "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}\n\t"
        );
}

/* Four taps of one output, weights in r11 and r12, from an address on */
#define FOUR_FROM(address, sum)   \
    "ldr r9, " address "\n\t"     \
    WIDEN("r10", "r9", "r9")      \
    "smlad " sum ", r10, r11, " sum "\n\t" \
    "smlad " sum ", r9, r12, " sum "\n\t"

/* A row of two or three taps, stride 2 */
#define ROW_OF_THREE              \
    "ldr r8, [r0]\n\t"            \
    "ldr r10, [r0, #4]\n\t"       \
    "ldrsb r12, [r0, #8]\n\t"     \
    "ldmia r1!, {r2, r3, lr}\n\t" \
    "add r0, r0, r2\n\t"          \
    "sxtb16 r9, r8, ror #8\n\t"   \
    "sxtb16 r8, r8\n\t"           \
    "sxtb16 r11, r10, ror #8\n\t" \
    "sxtb16 r10, r10\n\t"         \
    "smlad r4, r8, r3, r4\n\t"    \
    "smlabb r4, r9, lr, r4\n\t"   \
    "smlatb r5, r9, lr, r5\n\t"   \
    "pkhbt r8, r10, r8\n\t"       \
    "smladx r5, r8, r3, r5\n\t"   \
    "smlad r6, r10, r3, r6\n\t"   \
    "smlabb r6, r11, lr, r6\n\t"  \
    "smlatb r7, r11, lr, r7\n\t"  \
    "pkhbt r12, r12, r10\n\t"     \
    "smladx r7, r12, r3, r7\n\t"

/*
 * The end of four outputs, label 7, and the return, for functions that keep a tfg_single_rows_t on the stack; label 1 begins
 * the next four.
 */
#define FINISH                                       \
    "7:\n\t"                                         \
    "ldrd r8, r9, [sp, #44]\n\t"                     \
    "cmp r8, #0\n\t"                                 \
    "blt 10f\n\t" RESCALE                            \
    "8:\n\t"                                         \
    "ldrd r2, r3, [sp, #56]\n\t"                     \
    "subs r3, r3, #4\n\t"                            \
    "bmi 11f\n\t" PUT_FOUR                           \
    "strd r2, r3, [sp, #56]\n\t"                     \
    "bne.w 1b\n\t"                                   \
    "9:\n\t" /* the next row */                      \
    "ldrd r0, r1, [sp, #64]\n\t"                     \
    "add r0, r0, r1\n\t"                             \
    "str r0, [sp, #64]\n\t"                          \
    "str r0, [sp]\n\t"                               \
    "ldrd r2, r3, [sp, #72]\n\t"                     \
    "str r2, [sp, #60]\n\t"                          \
    "subs r3, r3, #1\n\t"                            \
    "str r3, [sp, #76]\n\t"                          \
    "bne.w 1b\n\t"                                   \
    "add sp, sp, #80\n\t"                            \
    "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}\n\t" \
    "10:\n\t"                                        \
    "bic r8, r8, #0x80000000\n\t"                    \
    "ldr r10, [sp, #52]\n\t"                         \
    RESCALE_EXACTLY("r4")                            \
    RESCALE_EXACTLY("r5")                            \
    RESCALE_EXACTLY("r6")                            \
    RESCALE_EXACTLY("r7")                            \
    "b 8b\n\t"                                       \
    "11:\n\t" /* the last one to three of a row */   \
    "strb r4, [r2], #1\n\t"                          \
    "cmn r3, #3\n\t"                                 \
    "beq 12f\n\t"                                    \
    "strb r5, [r2], #1\n\t"                          \
    "cmn r3, #2\n\t"                                 \
    "it ne\n\t"                                      \
    "strbne r6, [r2], #1\n\t"                        \
    "12:\n\t"                                        \
    "str r2, [sp, #56]\n\t"                          \
    "b 9b\n\t"

/* The work, copied to the stack */
#define BEGIN                                                              \
    "push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"                      \
    "sub sp, sp, #80\n\t"                                                  \
    "mov r12, sp\n\t"                                                      \
    "ldmia r0!, {r1, r2, r3, r4, r5, r6, r7, r8, r9, r10}\n\t"             \
    "stmia r12!, {r1, r2, r3, r4, r5, r6, r7, r8, r9, r10}\n\t"            \
    "ldmia r0, {r1, r2, r3, r4, r5, r6, r7, r8, r9, r10}\n\t"              \
    "stmia r12, {r1, r2, r3, r4, r5, r6, r7, r8, r9, r10}\n\t"

/* r0 inputs, r1 taps, r2 their end; r4..r7 sums of four outputs */
TFG_NAKED void tfg_single_rows(TFG_UNUSED const tfg_single_rows_t *rows)
{
    __asm__ volatile(
        ".syntax unified\n\t" /* C99 compilers need not take what this would make written out */
        ".macro tfg_beside\n\t" TAP_BESIDE ".endm\n\t"
        BEGIN
        "1:\n\t" /* four outputs */
        "ldmia sp, {r0, r1, r2, r3, r4, r5, r6, r7}\n\t"
        "adds r3, r0, #4\n\t"
        "str r3, [sp]\n\t"
        "cmp r1, r2\n\t"
        "beq 3f\n\t"
        "2:\n\t" /* four taps */
        "ldr r9, [r0]\n\t"
        "ldr r11, [r0, #4]\n\t"
        "ldmia r1!, {r3, r12, lr}\n\t"
        "add r0, r0, r3\n\t"
        WIDEN("r8", "r9", "r9")
        WIDEN("r10", "r11", "r11")
        FOUR_TAPS("r4", "r5", "r6", "r7")
        "cmp r1, r2\n\t"
        "bne 2b\n\t"
        "3:\n\t"
        "ldrd r2, r3, [sp, #36]\n\t"
        "cmp r1, r3\n\t"
        "beq 7f\n\t"
        "cmp r1, r2\n\t"
        "beq 6f\n\t"
        "5:\n\t" /* three taps, one by one */
        "tfg_beside\n\t" "tfg_beside\n\t" "tfg_beside\n\t"
        "cmp r1, r2\n\t"
        "bne 5b\n\t"
        "cmp r1, r3\n\t"
        "beq 7f\n\t"
        "6:\n\t" /* one tap */
        "tfg_beside\n\t"
        "cmp r1, r3\n\t"
        "bne 6b\n\t"
        FINISH
        ".purgem tfg_beside\n\t");
}

/* r0 inputs, r1 taps, r2 their end, r3 the stride and lr three times that; r4..r7 sums of four outputs */
TFG_NAKED void tfg_single_apart(TFG_UNUSED const tfg_single_rows_t *rows)
{
    __asm__ volatile(
        ".syntax unified\n\t" /* C99 compilers need not take what these would make written out */
        ".macro tfg_apart\n\t" TAP_APART ".endm\n\t"
        ".macro tfg_three\n\t" ROW_OF_THREE ".endm\n\t"
        BEGIN
        "cmp r8, #5\n\t" /* for who reads this code: the table has so many entries and one */
        "1:\n\t" /* four outputs */
        "ldmia sp, {r0, r1, r2, r3, r4, r5, r6, r7, r8}\n\t"
        "add r9, r0, r3, lsl #2\n\t"
        "str r9, [sp]\n\t"
        "tbh [pc, r8, lsl #1]\n\t"
        "2:\n\t"
        ".short (3f - 2b) / 2, (5f - 2b) / 2, (13f - 2b) / 2, (16f - 2b) / 2, (15f - 2b) / 2, (14f - 2b) / 2\n\t"
        "14:\n\t" /* rows of three taps */
        "tfg_three\n\t"
        "15:\n\t"
        "tfg_three\n\t"
        "16:\n\t"
        "tfg_three\n\t"
        FINISH
        "13:\n\t" /* one tap alone */
        "add lr, r3, r3, lsl #1\n\t"
        "tfg_apart\n\t"
        "b 7b\n\t"
        "5:\n\t"
        "ldr r2, [sp, #40]\n\t"
        "add lr, r3, r3, lsl #1\n\t"
        "6:\n\t" /* one tap */
        "tfg_apart\n\t"
        "cmp r1, r2\n\t"
        "bne 6b\n\t"
        "b 7b\n\t"
        "3:\n\t" /* four taps */
        "add lr, r3, r3, lsl #1\n\t"
        "4:\n\t"
        "ldmia r1!, {r8, r11, r12}\n\t"
        FOUR_FROM("[r0]", "r4")
        FOUR_FROM("[r0, r3]", "r5")
        FOUR_FROM("[r0, r3, lsl #1]", "r6")
        FOUR_FROM("[r0, lr]", "r7")
        "add r0, r0, r8\n\t"
        "cmp r1, r2\n\t"
        "bne 4b\n\t"
        "ldr r2, [sp, #40]\n\t"
        "cmp r1, r2\n\t"
        "beq.w 7b\n\t"
        "b 6b\n\t"
        ".purgem tfg_apart\n\t"
        ".purgem tfg_three\n\t");
}

/* r0 to, r1 from, r2 bytes of a row, r3 rows, r4 and r5 what is skipped behind each */
TFG_NAKED void tfg_copy_rows(TFG_UNUSED int8_t *to, TFG_UNUSED const int8_t *from, TFG_UNUSED int32_t count,
                             TFG_UNUSED int32_t rows, TFG_UNUSED int32_t to_skip, TFG_UNUSED int32_t from_skip)
{
    __asm__ volatile(
        ".syntax unified\n\t"
        "push {r4, r5, r6, r7, r8, lr}\n\t"
        "ldrd r4, r5, [sp, #24]\n\t"
        "1:\n\t"
        "subs r6, r2, #8\n\t"
        "blt 3f\n\t"
        "2:\n\t"
        "ldr r7, [r1], #4\n\t"
        "ldr r8, [r1], #4\n\t"
        "subs r6, r6, #8\n\t"
        "str r7, [r0], #4\n\t"
        "str r8, [r0], #4\n\t"
        "bge 2b\n\t"
        "3:\n\t" /* the last three bits say what is left */
        "lsls r7, r6, #30\n\t"
        "itt cs\n\t"
        "ldrcs r8, [r1], #4\n\t"
        "strcs r8, [r0], #4\n\t"
        "ands r7, r6, #3\n\t"
        "beq 5f\n\t"
        "4:\n\t"
        "ldrsb r8, [r1], #1\n\t"
        "subs r7, r7, #1\n\t"
        "strb r8, [r0], #1\n\t"
        "bne 4b\n\t"
        "5:\n\t"
        "add r0, r0, r4\n\t"
        "add r1, r1, r5\n\t"
        "subs r3, r3, #1\n\t"
        "bne 1b\n\t"
        "pop {r4, r5, r6, r7, r8, pc}\n\t");
}
/* clang-format on */
