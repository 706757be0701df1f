/* Inner loops of src/dsp, in Armv7E-M instructions: their registers are all that there are, so C cannot say them. */
#include "tfg_dsp.h"

/* Four inputs of four windows: r0 and r1 the first and the third, r2 the filter, r3 bytes between; r4..r7 sums */
#define GROUP                     \
    "ldr r9, [r2], #4\n\t"        \
    "ldr r10, [r0, r3]\n\t"       \
    "ldr r12, [r0], #4\n\t"       \
    "sxtb16 r8, r9\n\t"           \
    "sxtb16 r9, r9, ror #8\n\t"   \
    "sxtb16 r11, r10\n\t"         \
    "sxtb16 r10, r10, ror #8\n\t" \
    "smlad r5, r11, r8, r5\n\t"   \
    "smlad r5, r10, r9, r5\n\t"   \
    "sxtb16 r11, r12\n\t"         \
    "sxtb16 r12, r12, ror #8\n\t" \
    "smlad r4, r11, r8, r4\n\t"   \
    "smlad r4, r12, r9, r4\n\t"   \
    "ldr r10, [r1, r3]\n\t"       \
    "ldr r12, [r1], #4\n\t"       \
    "sxtb16 r11, r10\n\t"         \
    "sxtb16 r10, r10, ror #8\n\t" \
    "smlad r7, r11, r8, r7\n\t"   \
    "smlad r7, r10, r9, r7\n\t"   \
    "sxtb16 r11, r12\n\t"         \
    "sxtb16 r12, r12, ror #8\n\t" \
    "smlad r6, r11, r8, r6\n\t"   \
    "smlad r6, r12, r9, r6\n\t"

/* On the stack: rows left, words, skip, the sums' address; lr counts words */
TFG_NAKED void tfg_windows(TFG_UNUSED const tfg_windows_t *windows, TFG_UNUSED int32_t *sums)
{
    __asm__ volatile(".syntax unified\n\t" /* C99 compilers need not take what this would make written out */
                     ".macro tfg_group\n\t" GROUP ".endm\n\t"
                     "push {r1, r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"
                     "ldmia r0, {r0, r2, r3, r4, r5, r6, r7}\n\t"
                     "push {r4, r5, r6}\n\t"
                     "mov r4, r7\n\t"
                     "mov r5, r7\n\t"
                     "mov r6, r7\n\t"
                     "add r1, r0, r3, lsl #1\n\t"
                     "1:\n\t" /* a row */
                     "ldr lr, [sp, #4]\n\t"
                     "lsrs lr, lr, #1\n\t"
                     "bcc 2f\n\t"
                     "tfg_group\n\t"
                     "2:\n\t"
                     "beq 4f\n\t"
                     "3:\n\t"
                     "tfg_group\n\t"
                     "tfg_group\n\t"
                     "subs lr, lr, #1\n\t"
                     "bne 3b\n\t"
                     "4:\n\t"
                     "ldr r8, [sp, #8]\n\t"
                     "ldr lr, [sp]\n\t"
                     "add r0, r0, r8\n\t"
                     "add r1, r1, r8\n\t"
                     "subs lr, lr, #1\n\t"
                     "str lr, [sp]\n\t"
                     "bne.w 1b\n\t"
                     "ldr r1, [sp, #12]\n\t"
                     "stmia r1, {r4, r5, r6, r7}\n\t"
                     "add sp, sp, #16\n\t"
                     "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}\n\t"
                     ".purgem tfg_group\n\t");
}

/* r0 inputs, r1 weights, r2 inputs left, r3 minus their zero point in both halves, r12 the sum */
TFG_NAKED int32_t tfg_dot(TFG_UNUSED const int8_t *input, TFG_UNUSED const int8_t *weights, TFG_UNUSED int32_t count,
                          TFG_UNUSED int32_t zero_point)
{
    __asm__ volatile(".syntax unified\n\t"
                     "push {r4, r5, r6, lr}\n\t"
                     "movs r4, #0\n\t"
                     "mov r12, r4\n\t"
                     "subs r3, r4, r3\n\t"
                     "pkhbt r3, r3, r3, lsl #16\n\t"
                     "subs r2, r2, #4\n\t"
                     "blt 2f\n\t"
                     "1:\n\t"
                     "ldr r4, [r0], #4\n\t"
                     "ldr r5, [r1], #4\n\t"
                     "sxtab16 r6, r3, r4\n\t"
                     "sxtb16 lr, r5\n\t"
                     "smlad r12, r6, lr, r12\n\t"
                     "sxtab16 r4, r3, r4, ror #8\n\t"
                     "sxtb16 r5, r5, ror #8\n\t"
                     "smlad r12, r4, r5, r12\n\t"
                     "subs r2, r2, #4\n\t"
                     "bge 1b\n\t"
                     "2:\n\t"
                     "adds r2, r2, #4\n\t"
                     "ble 4f\n\t"
                     "3:\n\t"
                     "ldrsb r4, [r0], #1\n\t"
                     "ldrsb r5, [r1], #1\n\t"
                     "sxtah r4, r4, r3\n\t"
                     "mla r12, r4, r5, r12\n\t"
                     "subs r2, r2, #1\n\t"
                     "bgt 3b\n\t"
                     "4:\n\t"
                     "mov r0, r12\n\t"
                     "pop {r4, r5, r6, pc}\n\t");
}
