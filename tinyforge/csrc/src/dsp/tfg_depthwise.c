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

/* Two places: r0 columns, r4..r12 three words of weights for each of three rows, r2 and r3 sums */
#define PLACES_STRIDE_1          \
    "ldrd r1, lr, [r0]\n\t"      \
    "smlad r2, r4, r1, r2\n\t"   \
    "smlatt r3, r5, r1, r3\n\t"  \
    "smlad r2, r7, lr, r2\n\t"   \
    "smlatt r3, r8, lr, r3\n\t"  \
    "ldrd r1, lr, [r0, #8]\n\t"  \
    "smlad r2, r10, r1, r2\n\t"  \
    "smlatt r3, r11, r1, r3\n\t" \
    "smlabb r2, r5, lr, r2\n\t"  \
    "smlad r3, r6, lr, r3\n\t"   \
    "ldrd r1, lr, [r0, #16]\n\t" \
    "smlabb r2, r8, r1, r2\n\t"  \
    "smlad r3, r9, r1, r3\n\t"   \
    "smlabb r2, r11, lr, r2\n\t" \
    "smlad r3, r12, lr, r3\n\t"  \
    "add r0, r0, #12\n\t"

#define PLACES_STRIDE_2          \
    "ldrd r1, lr, [r0]\n\t"      \
    "smlad r2, r4, r1, r2\n\t"   \
    "smlad r2, r7, lr, r2\n\t"   \
    "ldrd r1, lr, [r0, #8]\n\t"  \
    "smlad r2, r10, r1, r2\n\t"  \
    "smlabb r2, r5, lr, r2\n\t"  \
    "smlad r3, r4, lr, r3\n\t"   \
    "ldrd r1, lr, [r0, #16]\n\t" \
    "smlabb r2, r8, r1, r2\n\t"  \
    "smlad r3, r7, r1, r3\n\t"   \
    "smlabb r2, r11, lr, r2\n\t" \
    "smlad r3, r10, lr, r3\n\t"  \
    "ldrd r1, lr, [r0, #24]\n\t" \
    "smlabb r3, r5, r1, r3\n\t"  \
    "smlabb r3, r8, lr, r3\n\t"  \
    "ldr r1, [r0, #32]\n\t"      \
    "smlabb r3, r11, r1, r3\n\t" \
    "add r0, r0, #24\n\t"

/* Rounded high words of both sums plus the rounding; r1 is the shift in the end */
#define RESCALE_TWO               \
    "ldrd r1, lr, [sp, #4]\n\t"   \
    "smmulr r2, r2, r1\n\t"       \
    "smmulr r3, r3, r1\n\t"       \
    "add r2, r2, r2, asr #31\n\t" \
    "add r3, r3, r3, asr #31\n\t" \
    "ldr r1, [sp, #12]\n\t"       \
    "add r2, r2, lr\n\t"          \
    "add r3, r3, lr\n\t"

/* On the stack: bias, multiplier, rounding, shift, output, its stride, places left, then the row */
#define DEPTHWISE_BODY(PLACES)                                  \
    ".syntax unified\n\t"                                       \
    "push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"           \
    "ldmia r0, {r1, r2, r3, r4, r5, r6, r7, r8}\n\t"            \
    "push {r1, r2, r3, r4, r5, r6, r7, r8}\n\t"                 \
    "sub sp, sp, #28\n\t"                                       \
    "str r6, [sp, #20]\n\t"                                     \
    "1:\n\t"                                                    \
    "ldrd r0, r1, [sp, #28]\n\t"                                \
    "ldmia r0!, {r4, r5, r6, r7}\n\t"                           \
    "stmia sp, {r4, r5, r6, r7}\n\t"                            \
    "add r2, r0, #60\n\t"                                       \
    "str r2, [sp, #28]\n\t"                                     \
    "add r0, r0, r1\n\t"                                        \
    "ldr r2, [sp, #44]\n\t"                                     \
    "str r2, [sp, #16]\n\t"                                     \
    "add r2, r2, #1\n\t"                                        \
    "str r2, [sp, #44]\n\t"                                     \
    "ldr r2, [sp, #52]\n\t"                                     \
    "str r2, [sp, #24]\n\t"                                     \
    "ldmia r0, {r4, r5, r6, r7, r8, r9, r10, r11, r12}\n\t"     \
    "ldrd r0, r1, [sp, #36]\n\t"                                \
    "add r1, r1, r0\n\t"                                        \
    "str r1, [sp, #36]\n\t"                                     \
    "2:\n\t"                                                    \
    "ldr r2, [sp]\n\t"                                          \
    "mov r3, r2\n\t" PLACES RESCALE_TWO "ldr lr, [sp, #24]\n\t" \
    "asr r2, r2, r1\n\t"                                        \
    "asr r3, r3, r1\n\t"                                        \
    "subs lr, lr, #2\n\t"                                       \
    "str lr, [sp, #24]\n\t"                                     \
    "ldrd r1, lr, [sp, #16]\n\t"                                \
    "ssat r2, #8, r2, asr #1\n\t"                               \
    "ssat r3, #8, r3, asr #1\n\t"                               \
    "strb r2, [r1]\n\t"                                         \
    "it pl\n\t"                                                 \
    "strbpl r3, [r1, lr]\n\t"                                   \
    "add r1, r1, lr, lsl #1\n\t"                                \
    "str r1, [sp, #16]\n\t"                                     \
    "bgt 2b\n\t"                                                \
    "ldr r1, [sp, #56]\n\t"                                     \
    "subs r1, r1, #1\n\t"                                       \
    "str r1, [sp, #56]\n\t"                                     \
    "bne.w 1b\n\t"                                              \
    "add sp, sp, #60\n\t"                                       \
    "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}\n\t"

TFG_NAKED void tfg_depthwise_3x3(TFG_UNUSED const tfg_depthwise_row_t *row)
{
    __asm__ volatile(DEPTHWISE_BODY(PLACES_STRIDE_1));
}

TFG_NAKED void tfg_depthwise_3x3_stride_2(TFG_UNUSED const tfg_depthwise_row_t *row)
{
    __asm__ volatile(DEPTHWISE_BODY(PLACES_STRIDE_2));
}

/* A pair of columns, r10 and r11, into the four planes */
#define PUT_PAIR                      \
    "sxtb16 r12, r10\n\t"             \
    "sxtb16 r10, r10, ror #8\n\t"     \
    "sxtb16 lr, r11\n\t"              \
    "sxtb16 r11, r11, ror #8\n\t"     \
    "pkhbt r4, r12, lr, lsl #16\n\t"  \
    "str r4, [r0]\n\t"                \
    "pkhtb r4, lr, r12, asr #16\n\t"  \
    "str r4, [r0, r3, lsl #1]\n\t"    \
    "pkhbt r4, r10, r11, lsl #16\n\t" \
    "str r4, [r0, r3]\n\t"            \
    "pkhtb r4, r11, r10, asr #16\n\t" \
    "str r4, [r0, r9]\n\t"            \
    "add r0, r0, #12\n\t"

/* r0 slot, r1 at, r2 step, r3 plane, r4 left and then free, r5 pairs, r6 right, r7 blanks, r8 outside, r9 three planes */
TFG_NAKED void tfg_take_columns(TFG_UNUSED const tfg_columns_t *columns)
{
    __asm__ volatile(".syntax unified\n\t"
                     "push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"
                     "ldmia r0, {r0, r1, r2, r3, r4, r5, r6, r7, r8}\n\t"
                     "add r9, r3, r3, lsl #1\n\t"
                     "cbz r4, 1f\n\t"
                     "uxtb r10, r8\n\t"
                     "orr r10, r10, r10, lsl #8\n\t"
                     "orr r10, r10, r10, lsl #16\n\t"
                     "ldr r11, [r1]\n\t"
                     "add r1, r1, r2\n\t" PUT_PAIR "1:\n\t"
                     "cbz r5, 3f\n\t"
                     "2:\n\t"
                     "ldr r10, [r1]\n\t"
                     "ldr r11, [r1, r2]\n\t"
                     "add r1, r1, r2, lsl #1\n\t" PUT_PAIR "subs r5, r5, #1\n\t"
                     "bne 2b\n\t"
                     "3:\n\t"
                     "cbz r6, 4f\n\t"
                     "ldr r10, [r1]\n\t"
                     "uxtb r11, r8\n\t"
                     "orr r11, r11, r11, lsl #8\n\t"
                     "orr r11, r11, r11, lsl #16\n\t" PUT_PAIR "4:\n\t"
                     "cbz r7, 6f\n\t"
                     "5:\n\t"
                     "str r8, [r0]\n\t"
                     "str r8, [r0, r3]\n\t"
                     "str r8, [r0, r3, lsl #1]\n\t"
                     "str r8, [r0, r9]\n\t"
                     "add r0, r0, #12\n\t"
                     "subs r7, r7, #1\n\t"
                     "bne 5b\n\t"
                     "6:\n\t"
                     "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}\n\t");
}
