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

/* r2 gates, to which r4..r7 are added */
#define ADD_GATES                      \
    "ldmia r2, {r8, r9, r10, r11}\n\t" \
    "add r4, r4, r8\n\t"               \
    "add r5, r5, r9\n\t"               \
    "add r6, r6, r10\n\t"              \
    "add r7, r7, r11\n\t"              \
    "ssat r4, #16, r4\n\t"             \
    "ssat r5, #16, r5\n\t"             \
    "ssat r6, #16, r6\n\t"             \
    "ssat r7, #16, r7\n\t"             \
    "stmia r2, {r4, r5, r6, r7}\n\t"

/* r0 the halves, r1 gates, which hold the first half's sums while the second is computed */
#define GATES_BODY(GROUP)                                                                                       \
    ".syntax unified\n\t"                                                                                       \
    "push {r0, r1, r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"                                                   \
    "mov r4, #0\n\t"                                                                                            \
    "mov r5, #0\n\t"                                                                                            \
    "strd r4, r5, [r1]\n\t"                                                                                     \
    "strd r4, r5, [r1, #8]\n\t"                                                                                 \
    "bl 1f\n\t"                                                                                                 \
    "ldr r0, [sp]\n\t"                                                                                          \
    "add r0, r0, #96\n\t"                                                                                       \
    "str r0, [sp]\n\t"                                                                                          \
    "bl 1f\n\t"                                                                                                 \
    "pop {r0, r1, r4, r5, r6, r7, r8, r9, r10, r11, pc}\n\t"                                                    \
    "1:\n\t"                                                                                                    \
    "push {lr}\n\t"                                                                                             \
    "ldmia r0, {r0, r2, r8, r9}\n\t"                                                                            \
    "mov r1, r8\n\t"                                                                                            \
    "ldmia r9, {r4, r5, r6, r7}\n\t"                                                                            \
    "lsrs r2, r2, #1\n\t"                                                                                       \
    "bcc 2f\n\t" GROUP "2:\n\t"                                                                                 \
    "beq.w 4f\n\t"                                                                                              \
    "3:\n\t" GROUP GROUP "subs r2, r2, #1\n\t"                                                                  \
    "bne 3b\n\t"                                                                                                \
    "4:\n\t"                                                                                                    \
    "ldrd r0, r2, [sp, #4]\n\t"                                                                                 \
    "ldr r3, [r0, #12]\n\t"                                                                                     \
    "add r3, r3, #16\n\t"                                                                                       \
    "strd r1, r3, [r0, #8]\n\t"                                                                                 \
    "add r0, r0, #16\n\t" RESCALE_GATE("r4") RESCALE_GATE("r5") RESCALE_GATE("r6") RESCALE_GATE("r7") ADD_GATES \
        "pop {pc}\n\t"

TFG_NAKED void tfg_gates(TFG_UNUSED tfg_gates_half_t *halves, TFG_UNUSED int32_t *gates)
{
    __asm__ volatile(GATES_BODY(GROUP_GATES));
}

TFG_NAKED void tfg_gates_wide(TFG_UNUSED tfg_gates_half_t *halves, TFG_UNUSED int32_t *gates)
{
    __asm__ volatile(GATES_BODY(GROUP_GATES_WIDE));
}

/* Three gates */
#define GROUP_THREE                \
    "ldrd r12, lr, [r0], #8\n\t"   \
    "ldmia r1!, {r8, r9, r10}\n\t" \
    "sxtb16 r3, r8\n\t"            \
    "sxtb16 r8, r8, ror #8\n\t"    \
    "smlad r4, r3, r12, r4\n\t"    \
    "smlad r4, r8, lr, r4\n\t"     \
    "sxtb16 r3, r9\n\t"            \
    "sxtb16 r9, r9, ror #8\n\t"    \
    "smlad r5, r3, r12, r5\n\t"    \
    "smlad r5, r9, lr, r5\n\t"     \
    "sxtb16 r3, r10\n\t"           \
    "sxtb16 r10, r10, ror #8\n\t"  \
    "smlad r6, r3, r12, r6\n\t"    \
    "smlad r6, r10, lr, r6\n\t"

/* r4..r6 to r2 on, where the other half's follow */
#define STORE_THREE        \
    "ssat r4, #16, r4\n\t" \
    "ssat r5, #16, r5\n\t" \
    "ssat r6, #16, r6\n\t" \
    "stmia r2, {r4, r5, r6}\n\t"

TFG_NAKED void tfg_gates_three(TFG_UNUSED tfg_gates_half_t *halves, TFG_UNUSED int32_t *sums)
{
    __asm__ volatile(".syntax unified\n\t"
                     "push {r0, r1, r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"
                     "bl 1f\n\t"
                     "ldrd r0, r1, [sp]\n\t"
                     "add r0, r0, #96\n\t"
                     "add r1, r1, #12\n\t"
                     "strd r0, r1, [sp]\n\t"
                     "bl 1f\n\t"
                     "pop {r0, r1, r4, r5, r6, r7, r8, r9, r10, r11, pc}\n\t"
                     "1:\n\t"
                     "push {lr}\n\t"
                     "ldmia r0, {r0, r2, r8, r9}\n\t"
                     "mov r1, r8\n\t"
                     "ldmia r9, {r4, r5, r6}\n\t"
                     "lsrs r2, r2, #1\n\t"
                     "bcc 2f\n\t" GROUP_THREE "2:\n\t"
                     "beq.w 4f\n\t"
                     "3:\n\t" GROUP_THREE GROUP_THREE "subs r2, r2, #1\n\t"
                     "bne 3b\n\t"
                     "4:\n\t"
                     "ldrd r0, r2, [sp, #4]\n\t"
                     "ldr r3, [r0, #12]\n\t"
                     "add r3, r3, #12\n\t"
                     "strd r1, r3, [r0, #8]\n\t"
                     "add r0, r0, #16\n\t" RESCALE_GATE("r4") RESCALE_GATE("r5") RESCALE_GATE("r6") STORE_THREE
                     "pop {pc}\n\t");
}

/* A row of two entries a word: r2 the input, r3 the words */
#define LISTED_GATE(sum)                   \
    "5: ldr r8, [r3], #4\n\t"              \
    "lsrs r9, r8, #25\n\t"                 \
    "uxtb r10, r8, ror #8\n\t"             \
    "ldrsb r9, [r2, r9]\n\t"               \
    "ldrsb r10, [r2, r10]\n\t"             \
    "sxtb16 r8, r8\n\t"                    \
    "smlabb " sum ", r10, r8, " sum "\n\t" \
    "smlabt " sum ", r9, r8, " sum "\n\t"  \
    "bcc 5b\n\t"

/* r0 the halves, r1 sums; FINISH has both on the stack behind two words, and the sums in r4.. */
#define PACKED_BODY(BEGIN, NEXT, PLACE, count, sums, LISTED, RESCALE, FINISH)       \
    ".syntax unified\n\t"                                                           \
    "push {r0, r1, r2, r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t" BEGIN "bl 1f\n\t" \
    "ldr r0, [sp]\n\t"                                                              \
    "add r0, r0, #104\n\t"                                                          \
    "str r0, [sp]\n\t" NEXT "bl 1f\n\t"                                             \
    "pop {r0, r1, r2, r4, r5, r6, r7, r8, r9, r10, r11, pc}\n\t"                    \
    "1: push {r3, lr}\n\t"                                                          \
    "ldmia r0, {r2, r3, r12, lr}\n\t"                                               \
    "cmp lr, #0\n\t"                                                                \
    "bne 2f\n\t"                                                                    \
    "ldmia r12!, {" sums "}\n\t" LISTED "strd r3, r12, [r0, #4]\n\t"                \
    "b 3f\n\t"                                                                      \
    "2: ldr r1, [sp, #12]\n\t" PLACE "mov r2, #" count "\n\t"                       \
    "bl tfg_gates_unpacked\n\t"                                                     \
    "ldmdb r1, {" sums "}\n\t"                                                      \
    "3: add r0, r0, #24\n\t" RESCALE "ldr r2, [sp, #12]\n\t" FINISH "pop {r3, pc}\n\t"

TFG_NAKED void tfg_gates_packed(TFG_UNUSED tfg_gates_packed_t *halves, TFG_UNUSED int32_t *gates)
{
    __asm__ volatile(PACKED_BODY("mov r4, #0\n\t"
                                 "mov r5, #0\n\t"
                                 "strd r4, r5, [r1]\n\t"
                                 "strd r4, r5, [r1, #8]\n\t",
                                 "", "add r1, r1, #16\n\t", "4", "r4, r5, r6, r7",
                                 LISTED_GATE("r4") LISTED_GATE("r5") LISTED_GATE("r6") LISTED_GATE("r7"),
                                 RESCALE_GATE("r4") RESCALE_GATE("r5") RESCALE_GATE("r6") RESCALE_GATE("r7"),
                                 ADD_GATES));
}

TFG_NAKED void tfg_gates_packed_three(TFG_UNUSED tfg_gates_packed_t *halves, TFG_UNUSED int32_t *sums)
{
    __asm__ volatile(PACKED_BODY("",
                                 "ldr r1, [sp, #4]\n\t"
                                 "add r1, r1, #12\n\t"
                                 "str r1, [sp, #4]\n\t",
                                 "", "3", "r4, r5, r6", LISTED_GATE("r4") LISTED_GATE("r5") LISTED_GATE("r6"),
                                 RESCALE_GATE("r4") RESCALE_GATE("r5") RESCALE_GATE("r6"), STORE_THREE));
}

/*
 * No function for C: goes on in the frame of those two, whose spare words hold the end of sums and where to return.
 * r0 the half, r1 sums, behind which it returns, r2 how many. Then: r2 the greatest bit, r3 the row, r4 the sum, r5 the
 * input, r6 inputs left, r7 the book, r8 the next bits, r9 bits, r12 places left of a byte under a 1, lr the form
 */
TFG_NAKED void tfg_gates_unpacked(void)
{
    __asm__ volatile(".syntax unified\n\t"
                     "str lr, [sp, #16]\n\t"
                     "add r2, r1, r2, lsl #2\n\t"
                     "str r2, [sp]\n\t"
                     "mov r2, #0x80000000\n\t"
                     "ldr r3, [r0, #4]\n\t"
                     "ldr lr, [r0, #12]\n\t"
                     "ldr r7, [r0, #20]\n\t"
                     "1: ldr r12, [r0, #8]\n\t"
                     "ldr r4, [r12], #4\n\t"
                     "str r12, [r0, #8]\n\t"
                     "ldr r5, [r0]\n\t"
                     "ldr r6, [r0, #16]\n\t"
                     "cmp lr, #3\n\t"
                     "beq 7f\n\t"
                     "mov r8, r3\n\t"
                     "add r10, r6, #7\n\t"
                     "add r3, r3, r10, lsr #3\n\t"
                     "mov r12, #1\n\t"
                     "2: ldr r9, [r8], #4\n\t"
                     "rev r9, r9\n\t"
                     "rsbs r10, r6, #32\n\t"
                     "itt gt\n\t"
                     "lsrgt r9, r9, r10\n\t"
                     "lslgt r9, r9, r10\n\t"
                     "cmp r9, #0\n\t"
                     "beq 4f\n\t"
                     "cmp lr, #1\n\t"
                     "bne 6f\n\t"
                     "3: clz r10, r9\n\t"
                     "ldrsb r11, [r5, r10]\n\t"
                     "lsr r10, r2, r10\n\t"
                     "ldrsb r12, [r3], #1\n\t"
                     "smlabb r4, r11, r12, r4\n\t"
                     "bics r9, r9, r10\n\t"
                     "bne 3b\n\t"
                     "4: add r5, r5, #32\n\t"
                     "subs r6, r6, #32\n\t"
                     "bgt 2b\n\t"
                     "5: add r7, r7, #16\n\t"
                     "str r4, [r1], #4\n\t"
                     "ldr r10, [sp]\n\t"
                     "cmp r1, r10\n\t"
                     "bne 1b\n\t"
                     "str r3, [r0, #4]\n\t"
                     "ldr lr, [sp, #16]\n\t"
                     "bx lr\n\t"
                     "6: cmp r12, #1\n\t"
                     "itt eq\n\t"
                     "ldrbeq r12, [r3], #1\n\t"
                     "orreq r12, r12, #256\n\t"
                     "clz r10, r9\n\t"
                     "ldrsb r11, [r5, r10]\n\t"
                     "lsr r10, r2, r10\n\t"
                     "bic r9, r9, r10\n\t"
                     "and r10, r12, #15\n\t"
                     "ldrsb r10, [r7, r10]\n\t"
                     "lsr r12, r12, #4\n\t"
                     "smlabb r4, r11, r10, r4\n\t"
                     "cmp r9, #0\n\t"
                     "bne 6b\n\t"
                     "b 4b\n\t"
                     "7: ldrb r9, [r3], #1\n\t"
                     "ldrsb r11, [r5], #1\n\t"
                     "and r10, r9, #15\n\t"
                     "ldrsb r10, [r7, r10]\n\t"
                     "smlabb r4, r11, r10, r4\n\t"
                     "subs r6, r6, #1\n\t"
                     "beq 5b\n\t"
                     "lsr r9, r9, #4\n\t"
                     "ldrsb r9, [r7, r9]\n\t"
                     "ldrsb r11, [r5], #1\n\t"
                     "smlabb r4, r11, r9, r4\n\t"
                     "subs r6, r6, #1\n\t"
                     "bne 7b\n\t"
                     "b 5b\n\t");
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
