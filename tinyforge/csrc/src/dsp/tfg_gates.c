/* Inner loops of src/dsp, in Armv7E-M instructions: their registers are all that there are, so C cannot say them. */
#include "tfg_dsp.h"

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

TFG_NAKED void tfg_gates(TFG_UNUSED tfg_gates_half_t *halves, TFG_UNUSED int32_t *gates)
{
    __asm__ volatile(GATES_BODY(GROUP_GATES));
}

TFG_NAKED void tfg_gates_wide(TFG_UNUSED tfg_gates_half_t *halves, TFG_UNUSED int32_t *gates)
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
