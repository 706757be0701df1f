/* Inner loops of src/dsp, in Armv7E-M instructions: their registers are all that there are, so C cannot say them. */
#include "tfg_dsp.h"

#define NAKED  __attribute__((naked, noinline))
#define UNUSED __attribute__((unused))

/* r0 input, r1 weights, r2 groups, r3 acc; r4-r7 sums, r8-r11 weights, r12 and lr the input's bytes 0 2 and 1 3 */
#define GROUP_1X4                       \
    "ldr lr, [r0], #4\n\t"              \
    "ldmia r1!, {r8, r9, r10, r11}\n\t" \
    "sxtb16 r12, lr\n\t"                \
    "sxtb16 lr, lr, ror #8\n\t"         \
    "sxtb16 r3, r8\n\t"                 \
    "sxtb16 r8, r8, ror #8\n\t"         \
    "smlad r4, r3, r12, r4\n\t"         \
    "smlad r4, r8, lr, r4\n\t"          \
    "sxtb16 r3, r9\n\t"                 \
    "sxtb16 r9, r9, ror #8\n\t"         \
    "smlad r5, r3, r12, r5\n\t"         \
    "smlad r5, r9, lr, r5\n\t"          \
    "sxtb16 r3, r10\n\t"                \
    "sxtb16 r10, r10, ror #8\n\t"       \
    "smlad r6, r3, r12, r6\n\t"         \
    "smlad r6, r10, lr, r6\n\t"         \
    "sxtb16 r3, r11\n\t"                \
    "sxtb16 r11, r11, ror #8\n\t"       \
    "smlad r7, r3, r12, r7\n\t"         \
    "smlad r7, r11, lr, r7\n\t"

NAKED void tfg_dot_1x4(UNUSED const int8_t *input, UNUSED const int8_t *weights, UNUSED int32_t groups,
                       UNUSED int32_t *acc)
{
    __asm__ volatile(".syntax unified\n\t"
                     "push {r3, r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"
                     "ldmia r3, {r4, r5, r6, r7}\n\t"
                     "lsrs r2, r2, #1\n\t"
                     "bcc 1f\n\t" GROUP_1X4 "1:\n\t"
                     "beq.w 3f\n\t" /* lsrs: no pair is left */
                     "2:\n\t" GROUP_1X4 GROUP_1X4 "subs r2, r2, #1\n\t"
                     "bne 2b\n\t"
                     "3:\n\t"
                     "ldr r3, [sp], #4\n\t"
                     "stmia r3, {r4, r5, r6, r7}\n\t"
                     "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}\n\t");
}

/* An input that is int16 already */
#define GROUP_GATES                     \
    "ldrd r12, lr, [r0], #8\n\t"        \
    "ldmia r1!, {r8, r9, r10, r11}\n\t" \
    "sxtb16 r3, r8\n\t"                 \
    "sxtb16 r8, r8, ror #8\n\t"         \
    "smlad r4, r3, r12, r4\n\t"         \
    "smlad r4, r8, lr, r4\n\t"          \
    "sxtb16 r3, r9\n\t"                 \
    "sxtb16 r9, r9, ror #8\n\t"         \
    "smlad r5, r3, r12, r5\n\t"         \
    "smlad r5, r9, lr, r5\n\t"          \
    "sxtb16 r3, r10\n\t"                \
    "sxtb16 r10, r10, ror #8\n\t"       \
    "smlad r6, r3, r12, r6\n\t"         \
    "smlad r6, r10, lr, r6\n\t"         \
    "sxtb16 r3, r11\n\t"                \
    "sxtb16 r11, r11, ror #8\n\t"       \
    "smlad r7, r3, r12, r7\n\t"         \
    "smlad r7, r11, lr, r7\n\t"

/* Weights that are, too */
#define GROUP_GATES_WIDE                \
    "ldrd r12, lr, [r0], #8\n\t"        \
    "ldmia r1!, {r8, r9, r10, r11}\n\t" \
    "smlad r4, r8, r12, r4\n\t"         \
    "smlad r5, r9, r12, r5\n\t"         \
    "smlad r6, r10, r12, r6\n\t"        \
    "smlad r7, r11, r12, r7\n\t"        \
    "ldmia r1!, {r8, r9, r10, r11}\n\t" \
    "smlad r4, r8, lr, r4\n\t"          \
    "smlad r5, r9, lr, r5\n\t"          \
    "smlad r6, r10, lr, r6\n\t"         \
    "smlad r7, r11, lr, r7\n\t"

/* r4..r7 one gate's sum, r0 goes through the factors */
#define RESCALE_GATE(sum)                   \
    "ldmia r0!, {r3, r8, r9, r10, r11}\n\t" \
    "lsl " sum ", " sum ", r3\n\t"          \
    "smmulr " sum ", " sum ", r8\n\t"       \
    "and r9, r9, " sum ", asr #31\n\t"      \
    "add " sum ", " sum ", r9\n\t"          \
    "add " sum ", " sum ", r10\n\t"         \
    "asr " sum ", " sum ", r11\n\t"

/* r0 the halves, r1 gates, which hold the first half's sums while the second is computed */
#define GATES_BODY(GROUP)                                                          \
    ".syntax unified\n\t"                                                          \
    "push {r0, r1, r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"                      \
    "mov r4, #0\n\t"                                                               \
    "mov r5, #0\n\t"                                                               \
    "strd r4, r5, [r1]\n\t"                                                        \
    "strd r4, r5, [r1, #8]\n\t"                                                    \
    "bl 1f\n\t"                                                                    \
    "ldr r0, [sp]\n\t"                                                             \
    "add r0, r0, #96\n\t"                                                          \
    "str r0, [sp]\n\t"                                                             \
    "bl 1f\n\t"                                                                    \
    "pop {r0, r1, r4, r5, r6, r7, r8, r9, r10, r11, pc}\n\t"                       \
    "1:\n\t"                                                                       \
    "push {lr}\n\t"                                                                \
    "ldmia r0, {r0, r2, r8, r9}\n\t"                                               \
    "mov r1, r8\n\t"                                                               \
    "ldmia r9, {r4, r5, r6, r7}\n\t"                                               \
    "lsrs r2, r2, #1\n\t"                                                          \
    "bcc 2f\n\t" GROUP "2:\n\t"                                                    \
    "beq.w 4f\n\t"                                                                 \
    "3:\n\t" GROUP GROUP "subs r2, r2, #1\n\t"                                     \
    "bne 3b\n\t"                                                                   \
    "4:\n\t"                                                                       \
    "ldrd r0, r2, [sp, #4]\n\t"                                                    \
    "ldr r3, [r0, #12]\n\t"                                                        \
    "add r3, r3, #16\n\t"                                                          \
    "strd r1, r3, [r0, #8]\n\t"                                                    \
    "add r0, r0, #16\n\t" RESCALE_GATE("r4") RESCALE_GATE("r5") RESCALE_GATE("r6") \
        RESCALE_GATE("r7") "ldmia r2, {r8, r9, r10, r11}\n\t"                      \
                           "add r4, r4, r8\n\t"                                    \
                           "add r5, r5, r9\n\t"                                    \
                           "add r6, r6, r10\n\t"                                   \
                           "add r7, r7, r11\n\t"                                   \
                           "ssat r4, #16, r4\n\t"                                  \
                           "ssat r5, #16, r5\n\t"                                  \
                           "ssat r6, #16, r6\n\t"                                  \
                           "ssat r7, #16, r7\n\t"                                  \
                           "stmia r2, {r4, r5, r6, r7}\n\t"                        \
                           "pop {pc}\n\t"

NAKED void tfg_gates(UNUSED tfg_gates_half_t *halves, UNUSED int32_t *gates)
{
    __asm__ volatile(GATES_BODY(GROUP_GATES));
}

NAKED void tfg_gates_wide(UNUSED tfg_gates_half_t *halves, UNUSED int32_t *gates)
{
    __asm__ volatile(GATES_BODY(GROUP_GATES_WIDE));
}

void tfg_widen(int16_t *to, const int8_t *bytes, int32_t count)
{
    for (; count > 0; count -= 4) {
        uint32_t four = 0;
        if (count >= 4) {
            four = tfg_load4(bytes);
        } else {
            __builtin_memcpy(&four, bytes, (size_t)count);
        }
        tfg_store4(to, tfg_sxtb16(four));
        tfg_store4(to + 2, tfg_sxtb16_ror8(four));
        bytes += 4;
        to += 4;
    }
}

/* r0 places, r1 weights, r2 groups, r3 acc; r4 r5 and r6 r7 sums, r8-r11 both places, r12 and lr weights */
#define GROUP_2X2                       \
    "ldmia r0!, {r8, r9, r10, r11}\n\t" \
    "ldrd r12, lr, [r1], #8\n\t"        \
    "sxtb16 r3, r12\n\t"                \
    "sxtb16 r12, r12, ror #8\n\t"       \
    "smlad r4, r3, r8, r4\n\t"          \
    "smlad r6, r3, r10, r6\n\t"         \
    "smlad r4, r12, r9, r4\n\t"         \
    "smlad r6, r12, r11, r6\n\t"        \
    "sxtb16 r3, lr\n\t"                 \
    "sxtb16 lr, lr, ror #8\n\t"         \
    "smlad r5, r3, r8, r5\n\t"          \
    "smlad r7, r3, r10, r7\n\t"         \
    "smlad r5, lr, r9, r5\n\t"          \
    "smlad r7, lr, r11, r7\n\t"

NAKED void tfg_dot_2x2(UNUSED const int16_t *places, UNUSED const int8_t *weights, UNUSED int32_t groups,
                       UNUSED int32_t *acc)
{
    __asm__ volatile(".syntax unified\n\t"
                     "push {r3, r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"
                     "ldrd r4, r5, [r3]\n\t"
                     "mov r6, r4\n\t"
                     "mov r7, r5\n\t"
                     "lsrs r2, r2, #1\n\t"
                     "bcc 1f\n\t" GROUP_2X2 "1:\n\t"
                     "beq.w 3f\n\t" /* lsrs: no pair is left */
                     "2:\n\t" GROUP_2X2 GROUP_2X2 "subs r2, r2, #1\n\t"
                     "bne 2b\n\t"
                     "3:\n\t"
                     "ldr r3, [sp], #4\n\t"
                     "stmia r3, {r4, r5, r6, r7}\n\t"
                     "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}\n\t");
}

/*
 * r8 multiplier, r9 shift, r10 and r11 outputs, r12 2 * zero_point + 1; `one` and `two` the sums of both places.
 * SSAT shifts by the one that the stored shift is short of.
 */
#define CHANNEL(one, two, FINAL) \
    "ldr r0, [r8], #4\n\t"       \
    "ldrsb lr, [r9], #1\n\t"     \
    "lsl r2, r12, lr\n\t" FINAL(one, "r10") FINAL(two, "r11")

#define RESCALE(sum, output)                     \
    "lsl " sum ", " sum ", #1\n\t"               \
    "smmulr " sum ", " sum ", r0\n\t"            \
    "add " sum ", " sum ", " sum ", asr #31\n\t" \
    "add " sum ", " sum ", r2\n\t"               \
    "asr " sum ", " sum ", lr\n\t"               \
    "ssat " sum ", #8, " sum ", asr #1\n\t"      \
    "strb " sum ", [" output "], #1\n\t"

/* Zero point -128: what is negative saturates however its halves are rounded */
#define RESCALE_RELU(sum, output)           \
    "lsl " sum ", " sum ", #1\n\t"          \
    "smmlar " sum ", " sum ", r0, r2\n\t"   \
    "asr " sum ", " sum ", lr\n\t"          \
    "ssat " sum ", #8, " sum ", asr #1\n\t" \
    "strb " sum ", [" output "], #1\n\t"

/* r1 goes through the filter; the tiles are copied to the stack, where places stand at 0, bias at 8, pairs at 36 */
NAKED void tfg_tiles_2x2(UNUSED const tfg_tiles_t *tiles)
{
    __asm__ volatile(
        ".syntax unified\n\t"
        "push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"
        "ldmia r0, {r0, r2, r3, r4, r5, r6, r7, r8, r9, r10}\n\t"
        "push {r0, r2, r3, r4, r5, r6, r7, r8, r9, r10}\n\t"
        "mov r1, r9\n\t"
        "4:\n\t"
        "ldrd r0, r2, [sp]\n\t"
        "ldr r3, [sp, #8]\n\t"
        "ldmia r3!, {r4, r5}\n\t"
        "str r3, [sp, #8]\n\t"
        "mov r6, r4\n\t"
        "mov r7, r5\n\t"
        "lsrs r2, r2, #1\n\t"
        "bcc 1f\n\t" GROUP_2X2 "1:\n\t"
        "beq.w 3f\n\t" /* lsrs: no pair is left */
        "2:\n\t" GROUP_2X2 GROUP_2X2 "subs r2, r2, #1\n\t"
        "bne 2b\n\t"
        "3:\n\t"
        "add r3, sp, #12\n\t"
        "ldmia r3, {r8, r9, r10, r11, r12}\n\t" /* multiplier, shift, first, second, twice */
        "cmn r12, #255\n\t"
        "beq 5f\n\t" CHANNEL("r4", "r6", RESCALE)
            CHANNEL("r5", "r7", RESCALE) "b 6f\n\t"
                                         "5:\n\t" CHANNEL("r4", "r6", RESCALE_RELU)
                                             CHANNEL("r5", "r7",
                                                     RESCALE_RELU) "6:\n\t"
                                                                   "stmia r3, {r8, r9, r10, r11}\n\t"
                                                                   "ldr r0, [sp, #36]\n\t"
                                                                   "subs r0, r0, #1\n\t"
                                                                   "str r0, [sp, #36]\n\t"
                                                                   "bne.w 4b\n\t"
                                                                   "add sp, sp, #40\n\t"
                                                                   "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}\n\t");
}

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
NAKED void tfg_depthwise_run(UNUSED const tfg_depthwise_run_t *run)
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

NAKED void tfg_expand(UNUSED int16_t *place, UNUSED const int8_t *bytes, UNUSED int32_t groups)
{
    __asm__ volatile(".syntax unified\n\t"
                     "cbz r2, 2f\n\t"
                     "1:\n\t"
                     "ldr r3, [r1], #4\n\t"
                     "sxtb16 r12, r3\n\t"
                     "sxtb16 r3, r3, ror #8\n\t"
                     "strd r12, r3, [r0], #16\n\t"
                     "subs r2, r2, #1\n\t"
                     "bne 1b\n\t"
                     "2:\n\t"
                     "bx lr\n\t");
}
