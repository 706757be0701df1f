/* Inner loops of src/dsp, in Armv7E-M instructions: their registers are all that there are, so C cannot say them. */
#include "tfg_dsp.h"

/* One tap of four channels: x at `at`, weights next; r4 r6 r5 r7 sums of channels 0 1 2 3 */
#define TAP(at)                       \
    "ldr r9, " at "\n\t"              \
    "ldrd r10, r11, [r1], #8\n\t"     \
    "sxtab16 r8, r12, r9\n\t"         \
    "sxtab16 r9, r12, r9, ror #8\n\t" \
    "smlabb r4, r8, r10, r4\n\t"      \
    "smlatt r5, r8, r10, r5\n\t"      \
    "smlabb r6, r9, r11, r6\n\t"      \
    "smlatt r7, r9, r11, r7\n\t"

/* Rescale one channel and store it; r1 the table, r2 the output */
#define FINISH(sum, at)                          \
    "ldmia r1!, {r8, r9, r10}\n\t"               \
    "lsl " sum ", " sum ", #1\n\t"               \
    "smmulr " sum ", " sum ", r8\n\t"            \
    "add " sum ", " sum ", " sum ", asr #31\n\t" \
    "add " sum ", " sum ", r10\n\t"              \
    "asr " sum ", " sum ", r9\n\t"               \
    "ssat " sum ", #8, " sum ", asr #1\n\t"      \
    "strb " sum ", [r2, #" at "]\n\t"

/* The run is copied to the stack; r0 x, r1 weights, r2 step, r3 taps left in the row, lr rows left, r12 offset */
TFG_NAKED void tfg_depthwise_run(TFG_UNUSED const tfg_depthwise_run_t *run)
{
    __asm__ volatile(".syntax unified\n\t"
                     "push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"
                     "ldmia r0, {r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, r12, lr}\n\t"
                     "push {r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, r12, lr}\n\t"
                     "1:\n\t"                                      /* a place */
                     "ldmia sp, {r0, r1, r2, r3, r8, r12, lr}\n\t" /* x, weights, step, columns, table, offset, rows */
                     "ldmia r8, {r4, r5, r6, r7}\n\t"              /* biases of channels 0 2 1 3 */
                     "cmp r3, #3\n\t"
                     "bne 3f\n\t"
                     "ldrd r3, r8, [sp, #28]\n\t" /* to the next row: of x, of weights */
                     "add r3, r3, r2\n\t"
                     "add r3, r3, r2, lsl #1\n\t"
                     "cmp r8, #0\n\t"
                     "bne 3f\n\t"
                     "2:\n\t" /* a row of three, of three in the kernel */
                     TAP("[r0]") TAP("[r0, r2]")
                         TAP("[r0, r2, lsl #1]") "add r0, r0, r3\n\t"
                                                 "subs lr, lr, #1\n\t"
                                                 "bne 2b\n\t"
                                                 "b 5f\n\t"
                                                 "3:\n\t" /* a row */
                                                 "ldr r3, [sp, #12]\n\t"
                                                 "4:\n\t" TAP("[r0]") "add r0, r0, r2\n\t"
                                                                      "subs r3, r3, #1\n\t"
                                                                      "bne 4b\n\t"
                                                                      "ldrd r8, r9, [sp, #28]\n\t"
                                                                      "add r0, r0, r8\n\t"
                                                                      "add r1, r1, r9\n\t"
                                                                      "subs lr, lr, #1\n\t"
                                                                      "bne 3b\n\t"
                                                                      "5:\n\t"
                                                                      "ldr r1, [sp, #16]\n\t"
                                                                      "add r1, r1, #16\n\t"
                                                                      "ldr r2, [sp, #36]\n\t" /* output */
                     FINISH("r4", "0") FINISH("r6", "1") FINISH("r5", "2")
                         FINISH("r7", "3") "ldr r0, [sp]\n\t"
                                           "ldrd r8, r9, [sp, #40]\n\t" /* from place to place: of x, of the output */
                                           "add r0, r0, r8\n\t"
                                           "add r2, r2, r9\n\t"
                                           "str r0, [sp]\n\t"
                                           "str r2, [sp, #36]\n\t"
                                           "ldr r0, [sp, #48]\n\t" /* places left */
                                           "subs r0, r0, #1\n\t"
                                           "str r0, [sp, #48]\n\t"
                                           "bne.w 1b\n\t"
                                           "add sp, sp, #52\n\t"
                                           "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}\n\t");
}

/* Four taps of four outputs: weights 0 2 in r12, 1 3 in lr; inputs 0 2 and 1 3 in r8 and r9, the next four in r11 */
#define FOUR_TAPS                 \
    "ldrd r12, lr, [r1], #8\n\t"  \
    "sxtb16 r10, r11\n\t"         \
    "sxtb16 r11, r11, ror #8\n\t" \
    "smlad r4, r8, r12, r4\n\t"   \
    "smlad r4, r9, lr, r4\n\t"    \
    "smlad r5, r9, r12, r5\n\t"   \
    "pkhbt r8, r10, r8\n\t"       \
    "pkhbt r9, r11, r9\n\t"       \
    "smladx r5, r8, lr, r5\n\t"   \
    "smladx r6, r8, r12, r6\n\t"  \
    "smladx r6, r9, lr, r6\n\t"   \
    "smladx r7, r9, r12, r7\n\t"  \
    "smlad r7, r10, lr, r7\n\t"

/* One tap more */
#define ONE_TAP                   \
    "ldr r12, [r1], #4\n\t"       \
    "smlabb r4, r10, r12, r4\n\t" \
    "smlabb r5, r11, r12, r5\n\t" \
    "smlatb r6, r10, r12, r6\n\t" \
    "smlatb r7, r11, r12, r7\n\t"

/* A row of up to four taps: r3 to the next row */
#define SHORT_ROW            \
    "ldrd r9, r11, [r0]\n\t" \
    "add r0, r0, r3\n\t"     \
    "sxtb16 r8, r9\n\t"      \
    "sxtb16 r9, r9, ror #8\n\t" FOUR_TAPS

/* Where tfg_planes rescales: of a channel whose weights hold its shift; r8 multiplier, r9 addend */
#define RESCALE_PLANE(sum)               \
    "smmla " sum ", " sum ", r8, r9\n\t" \
    "ssat " sum ", #8, " sum ", asr #10\n\t"

/* Of any other: r9 rounding, r10 shift. A sum's sign is its product's, or that is 0 and the sign no matter */
#define RESCALE_PLANE_EXACTLY(sum)           \
    "smmlar r11, " sum ", r8, r9\n\t"        \
    "add " sum ", r11, " sum ", asr #31\n\t" \
    "asr " sum ", " sum ", r10\n\t"          \
    "ssat " sum ", #8, " sum ", asr #1\n\t"

/* clang-format off */
/*
 * r0 inputs, r1 weights, r2 rows left, r3 groups left; r4..r7 sums of four outputs side by side, which take inputs 0 2, 1
 * 3, 2 4 and 3 5 of the eight: those in the middle lie crossed. The run is copied to the stack.
 */
TFG_NAKED void tfg_planes(TFG_UNUSED const tfg_planes_t *run)
{
    __asm__ volatile(
        ".syntax unified\n\t"
        "push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"
        "ldmia r0, {r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, r12, lr}\n\t"
        "push {r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, r12, lr}\n\t"
        "1:\n\t" /* four outputs */
        "ldmia sp, {r0, r1, r2}\n\t"
        "ldr r4, [sp, #36]\n\t"
        "adds r3, r0, #4\n\t"
        "str r3, [sp]\n\t"
        "mov r5, r4\n\t"
        "mov r6, r4\n\t"
        "mov r7, r4\n\t"
        "ldrd r3, r8, [sp, #12]\n\t"
        "cmp r3, #1\n\t"
        "bne 3f\n\t"
        "ldr r3, [sp, #20]\n\t"
        "adds r3, r3, #4\n\t"
        "cmp r8, #0\n\t"
        "bne 22f\n\t"
        "21:\n\t" SHORT_ROW
        "subs r2, r2, #1\n\t"
        "bne 21b\n\t"
        "b 6f\n\t"
        "22:\n\t" SHORT_ROW ONE_TAP
        "subs r2, r2, #1\n\t"
        "bne 22b\n\t"
        "b 6f\n\t"
        "3:\n\t" /* a row of any number */
        "ldr r3, [sp, #12]\n\t"
        "ldr r11, [r0]\n\t"
        "sxtb16 r10, r11\n\t"
        "sxtb16 r11, r11, ror #8\n\t"
        "cbz r3, 5f\n\t"
        "4:\n\t"
        "mov r8, r10\n\t"
        "mov r9, r11\n\t"
        "ldr r11, [r0, #4]!\n\t" FOUR_TAPS
        "subs r3, r3, #1\n\t"
        "bne 4b\n\t"
        "5:\n\t"
        "ldrd r12, r3, [sp, #16]\n\t"
        "add r0, r0, r3\n\t"
        "cmp r12, #0\n\t"
        "beq 55f\n\t" ONE_TAP
        "55:\n\t"
        "subs r2, r2, #1\n\t"
        "bne 3b\n\t"
        "6:\n\t"
        "ldrd r8, r9, [sp, #40]\n\t"
        "cmp r8, #0\n\t"
        "blt 8f\n\t"
        RESCALE_PLANE("r4")
        RESCALE_PLANE("r5")
        RESCALE_PLANE("r6")
        RESCALE_PLANE("r7")
        "10:\n\t"
        "ldrd r2, r3, [sp, #24]\n\t"
        "ldr r8, [sp, #32]\n\t"
        "strb r4, [r2]\n\t"
        "subs r8, r8, #4\n\t"
        "bmi 9f\n\t"
        "strb r5, [r2, r3]\n\t"
        "add r2, r2, r3, lsl #1\n\t"
        "strb r6, [r2]\n\t"
        "strb r7, [r2, r3]\n\t"
        "add r2, r2, r3, lsl #1\n\t"
        "str r2, [sp, #24]\n\t"
        "str r8, [sp, #32]\n\t"
        "bne.w 1b\n\t"
        "7:\n\t"
        "add sp, sp, #52\n\t"
        "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}\n\t"
        "8:\n\t"
        "bic r8, r8, #0x80000000\n\t"
        "ldr r10, [sp, #48]\n\t"
        RESCALE_PLANE_EXACTLY("r4")
        RESCALE_PLANE_EXACTLY("r5")
        RESCALE_PLANE_EXACTLY("r6")
        RESCALE_PLANE_EXACTLY("r7")
        "b 10b\n\t"
        "9:\n\t" /* the last one to three */
        "cmn r8, #3\n\t"
        "beq 7b\n\t"
        "strb r5, [r2, r3]\n\t"
        "cmn r8, #2\n\t"
        "beq 7b\n\t"
        "strb r6, [r2, r3, lsl #1]\n\t"
        "b 7b\n\t");
}
/* clang-format on */

/* Columns of two pairs of rows: r0 and r1 the pairs, r2 and r3 what is loaded of them */
#define COLUMN(at)              \
    "ldr r2, [r0, #" at "]\n\t" \
    "ldr r3, [r1, #" at "]\n\t"

/* The first of a step, behind which both pointers go on to the next step, and the bias */
#define FIRST_COLUMN(bias, step)  \
    "ldr " bias ", [sp, #20]\n\t" \
    "ldr r2, [r0], #" step "\n\t" \
    "ldr r3, [r1], #" step "\n\t"

/* One column of the kernel, w its rows 0 and 1, v its rows 1 and 2: for the upper of two rows of outputs, for the lower */
#define UPPER(sum, w, v, from)               \
    "smlad " sum ", r2, " w ", " from "\n\t" \
    "smlabt " sum ", r3, " v ", " sum "\n\t"
#define LOWER(sum, w, v, from)                \
    "smlatb " sum ", r2, " w ", " from "\n\t" \
    "smlad " sum ", r3, " v ", " sum "\n\t"

/* Of a channel whose weights hold its shift: r2 multiplier, r3 addend */
#define RESCALE(sum)                     \
    "smmla " sum ", " sum ", r2, r3\n\t" \
    "ssat " sum ", #8, " sum ", asr #10\n\t"

/* Of any other, its weights doubled: r2 multiplier, then shift; r3 rounding */
#define MULTIPLY_EXACTLY(sum)                    \
    "smmulr " sum ", " sum ", r2\n\t"            \
    "add " sum ", " sum ", " sum ", asr #31\n\t" \
    "adds " sum ", " sum ", r3\n\t"
#define SHIFT_EXACTLY(sum)          \
    "asrs " sum ", " sum ", r2\n\t" \
    "ssat " sum ", #8, " sum ", asr #1\n\t"

/* Two outputs at r2, r3 apart; r2 goes on behind them */
#define PUT_TWO(left, right)       \
    "strb " left ", [r2]\n\t"      \
    "strb " right ", [r2, r3]\n\t" \
    "add r2, r2, r3, lsl #1\n\t"

/* clang-format off */
/*
 * r7..r12 weights, r0 and r1 the channel's planes. On the stack: 0 multiplier, 4 addend or rounding, 8 lower output, 12
 * output stride, 16 upper output, 20 bias, 24 shift, 28 where r0 ends; from 32 on the row.
 */
TFG_NAKED void tfg_depthwise_3x3(TFG_UNUSED const tfg_depthwise_row_t *row)
{
    __asm__ volatile(
        ".syntax unified\n\t"
        "push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"
        "ldmia r0, {r1, r2, r3, r4, r5, r6, r7, r8, r9, r10}\n\t"
        "push {r1, r2, r3, r4, r5, r6, r7, r8, r9, r10}\n\t"
        "sub sp, sp, #32\n\t"
        "1:\n\t" /* a channel */
        "ldr r6, [sp, #32]\n\t"
        "ldmia r6!, {r2, r3, r4, r5}\n\t"
        "ldmia r6!, {r7, r8, r9, r10, r11, r12}\n\t"
        "str r6, [sp, #32]\n\t"
        "str r3, [sp]\n\t"
        "str r4, [sp, #4]\n\t"
        "str r2, [sp, #20]\n\t"
        "str r5, [sp, #24]\n\t"
        "ldr r0, [sp, #36]\n\t"
        "ldr r1, [sp, #40]\n\t"
        "ldr r2, [sp, #44]\n\t"
        "ldr r3, [sp, #48]\n\t"
        "str r2, [sp, #16]\n\t"
        "str r3, [sp, #8]\n\t"
        "ldrd r2, r3, [sp, #52]\n\t"
        "str r2, [sp, #12]\n\t"
        "adds r3, r3, r0\n\t"
        "str r3, [sp, #28]\n\t"
        "2:\n\t"
        "ldr r2, [sp, #68]\n\t"
        "cmp r2, #2\n\t"
        "beq 6f\n\t"
        "3:\n\t" /* two columns of outputs of two rows: r4 and lr of the upper one, r6 and r5 of the lower one */
        FIRST_COLUMN("r5", "32")
        UPPER("r4", "r7", "r8", "r5")
        LOWER("r6", "r7", "r8", "r5")
        COLUMN("-16")
        UPPER("r4", "r9", "r10", "r4")
        LOWER("r6", "r9", "r10", "r6")
        UPPER("lr", "r7", "r8", "r5")
        LOWER("r5", "r7", "r8", "r5")
        COLUMN("0")
        UPPER("r4", "r11", "r12", "r4")
        LOWER("r6", "r11", "r12", "r6")
        UPPER("lr", "r9", "r10", "lr")
        LOWER("r5", "r9", "r10", "r5")
        COLUMN("16")
        UPPER("lr", "r11", "r12", "lr")
        LOWER("r5", "r11", "r12", "r5")
        "ldrd r2, r3, [sp]\n\t"
        "cmp r2, #0\n\t"
        "blt 5f\n\t"
        RESCALE("r4")
        RESCALE("r6")
        RESCALE("lr")
        RESCALE("r5")
        "4:\n\t" /* the upper row last: where there is no lower one, it lies on the upper one */
        "ldrd r2, r3, [sp, #8]\n\t"
        PUT_TWO("r6", "r5")
        "str r2, [sp, #8]\n\t"
        "ldr r2, [sp, #16]\n\t"
        PUT_TWO("r4", "lr")
        "str r2, [sp, #16]\n\t"
        "ldr r2, [sp, #28]\n\t"
        "cmp r0, r2\n\t"
        "bne 3b\n\t"
        "b 9f\n\t"
        "5:\n\t"
        "bic r2, r2, #0x80000000\n\t"
        MULTIPLY_EXACTLY("r4")
        MULTIPLY_EXACTLY("r6")
        MULTIPLY_EXACTLY("lr")
        MULTIPLY_EXACTLY("r5")
        "ldr r2, [sp, #24]\n\t"
        SHIFT_EXACTLY("r4")
        SHIFT_EXACTLY("r6")
        SHIFT_EXACTLY("lr")
        SHIFT_EXACTLY("r5")
        "ldr r2, [sp, #68]\n\t"
        "cmp r2, #2\n\t"
        "bne 4b\n\t"
        "b 8f\n\t"
        "6:\n\t" /* stride 2: two outputs of a row, r4 and r5 */
        FIRST_COLUMN("r5", "64")
        UPPER("r4", "r7", "r8", "r5")
        COLUMN("-48")
        UPPER("r4", "r9", "r10", "r4")
        COLUMN("-32")
        UPPER("r4", "r11", "r12", "r4")
        UPPER("r5", "r7", "r8", "r5")
        COLUMN("-16")
        UPPER("r5", "r9", "r10", "r5")
        COLUMN("0")
        UPPER("r5", "r11", "r12", "r5")
        "ldrd r2, r3, [sp]\n\t"
        "cmp r2, #0\n\t"
        "blt 5b\n\t"
        RESCALE("r4")
        RESCALE("r5")
        "8:\n\t"
        "ldrd r3, r2, [sp, #12]\n\t"
        PUT_TWO("r4", "r5")
        "str r2, [sp, #16]\n\t"
        "ldr r2, [sp, #28]\n\t"
        "cmp r0, r2\n\t"
        "bne 6b\n\t"
        "9:\n\t"
        "ldr r4, [sp, #36]\n\t"
        "ldr r5, [sp, #60]\n\t"
        "adds r4, r4, r5\n\t"
        "subs r5, r4, r2\n\t"
        "beq 10f\n\t"
        "subs r0, r0, r5\n\t" /* an odd output is the last: the one before it once more */
        "subs r1, r1, r5\n\t"
        "str r4, [sp, #28]\n\t"
        "ldr r2, [sp, #8]\n\t"
        "subs r2, r2, r3\n\t"
        "str r2, [sp, #8]\n\t"
        "ldr r2, [sp, #16]\n\t"
        "subs r2, r2, r3\n\t"
        "str r2, [sp, #16]\n\t"
        "b 2b\n\t"
        "10:\n\t" /* the next channel lies a word further in the planes, a byte in the output */
        "ldr r0, [sp, #36]\n\t"
        "ldr r1, [sp, #40]\n\t"
        "ldr r2, [sp, #44]\n\t"
        "ldr r3, [sp, #48]\n\t"
        "ldr r4, [sp, #64]\n\t"
        "adds r0, r0, #4\n\t"
        "adds r1, r1, #4\n\t"
        "adds r2, r2, #1\n\t"
        "adds r3, r3, #1\n\t"
        "subs r4, r4, #1\n\t"
        "str r0, [sp, #36]\n\t"
        "str r1, [sp, #40]\n\t"
        "str r2, [sp, #44]\n\t"
        "str r3, [sp, #48]\n\t"
        "str r4, [sp, #64]\n\t"
        "bne.w 1b\n\t"
        "add sp, sp, #72\n\t"
        "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}\n\t");
}
/* clang-format on */

/* r0 slot, r1 and r2 both rows, r3 and r4 their steps, r5 columns */
TFG_NAKED void tfg_take_columns(TFG_UNUSED const tfg_columns_t *columns)
{
    __asm__ volatile(".syntax unified\n\t"
                     "push {r4, r5, r6, r7, r8, r9, r10, lr}\n\t"
                     "ldmia r0, {r0, r1, r2, r3, r4, r5}\n\t"
                     "1:\n\t"
                     "ldr r6, [r1]\n\t"
                     "ldr r7, [r2]\n\t"
                     "add r1, r1, r3\n\t"
                     "add r2, r2, r4\n\t"
                     "sxtb16 r8, r6\n\t"
                     "sxtb16 r6, r6, ror #8\n\t"
                     "sxtb16 r9, r7\n\t"
                     "sxtb16 r7, r7, ror #8\n\t"
                     "pkhbt r10, r8, r9, lsl #16\n\t"
                     "pkhtb r9, r9, r8, asr #16\n\t"
                     "pkhbt r8, r6, r7, lsl #16\n\t"
                     "pkhtb r7, r7, r6, asr #16\n\t"
                     "str r8, [r0, #4]\n\t"
                     "str r9, [r0, #8]\n\t"
                     "str r7, [r0, #12]\n\t"
                     "str r10, [r0], #16\n\t"
                     "subs r5, r5, #1\n\t"
                     "bne 1b\n\t"
                     "pop {r4, r5, r6, r7, r8, r9, r10, pc}\n\t");
}
