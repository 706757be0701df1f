/* Inner loops of src/dsp, in Armv7E-M instructions: their registers are all that there are, so C cannot say them. */
#include "tfg_dsp.h"

/* r0 input, r1 weights, r2 groups; r4-r7 sums, r8-r11 weights, r12 and lr the input's bytes 0 2 and 1 3 */
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

/* One multiplier, rounding and shift for all */
#define RESCALE_BLOCK            \
    "ldrd r8, r9, [sp, #24]\n\t" \
    "ldr r10, [sp, #32]\n\t"     \
    "smmla r4, r4, r8, r9\n\t"   \
    "asr r4, r4, r10\n\t"        \
    "ssat r4, #8, r4\n\t"        \
    "smmla r5, r5, r8, r9\n\t"   \
    "asr r5, r5, r10\n\t"        \
    "ssat r5, #8, r5\n\t"        \
    "smmla r6, r6, r8, r9\n\t"   \
    "asr r6, r6, r10\n\t"        \
    "ssat r6, #8, r6\n\t"        \
    "smmla r7, r7, r8, r9\n\t"   \
    "asr r7, r7, r10\n\t"        \
    "ssat r7, #8, r7\n\t"

/* Each output its own; SSAT shifts by the one that the shifts in r9 are short of */
#define RESCALE_BLOCK_PER_CHANNEL        \
    "ldr r8, [sp, #24]\n\t"              \
    "ldmia r8!, {r9, r10, r11, r12}\n\t" \
    "str r8, [sp, #24]\n\t"              \
    "smmul r4, r4, r9\n\t"               \
    "smmul r5, r5, r10\n\t"              \
    "smmul r6, r6, r11\n\t"              \
    "smmul r7, r7, r12\n\t"              \
    "ldrd r10, r8, [sp, #28]\n\t"        \
    "ldr r9, [r8], #4\n\t"               \
    "str r8, [sp, #32]\n\t"              \
    "sub r9, r9, #0x01010101\n\t"        \
    "uxtb r12, r9\n\t"                   \
    "asr r4, r4, r12\n\t"                \
    "add r4, r4, r10\n\t"                \
    "ssat r4, #8, r4, asr #1\n\t"        \
    "uxtb r12, r9, ror #8\n\t"           \
    "asr r5, r5, r12\n\t"                \
    "add r5, r5, r10\n\t"                \
    "ssat r5, #8, r5, asr #1\n\t"        \
    "uxtb r12, r9, ror #16\n\t"          \
    "asr r6, r6, r12\n\t"                \
    "add r6, r6, r10\n\t"                \
    "ssat r6, #8, r6, asr #1\n\t"        \
    "uxtb r12, r9, ror #24\n\t"          \
    "asr r7, r7, r12\n\t"                \
    "add r7, r7, r10\n\t"                \
    "ssat r7, #8, r7, asr #1\n\t"

/* One more input, with a word of four outputs' weights; r2 counts the inputs */
#define REST_1X4                 \
    "ldr lr, [r1], #4\n\t"       \
    "ldrsb r3, [r0], #1\n\t"     \
    "sxtb16 r12, lr\n\t"         \
    "sxtb16 lr, lr, ror #8\n\t"  \
    "smlabb r4, r12, r3, r4\n\t" \
    "smlatb r6, r12, r3, r6\n\t" \
    "smlabb r5, lr, r3, r5\n\t"  \
    "smlatb r7, lr, r3, r7\n\t"  \
    "subs r2, r2, #1\n\t"

/* r1 goes through the filter; on the stack the layer from `input` on */
#define PRODUCTS                                       \
    "ldrd r0, r2, [sp]\n\t"                            \
    "lsrs r2, r2, #1\n\t"                              \
    "bcc 3f\n\t" GROUP_1X4 "3:\n\t"                    \
    "beq.w 5f\n\t"                                     \
    "4:\n\t" GROUP_1X4 GROUP_1X4 "subs r2, r2, #1\n\t" \
    "bne 4b\n\t"                                       \
    "5:\n\t"                                           \
    "ldr r2, [sp, #8]\n\t"                             \
    "cbz r2, 6f\n\t"                                   \
    "9:\n\t" REST_1X4 "bne 9b\n\t"                     \
    "6:\n\t"

/* Two inputs of four outputs, whose weights a byte each of a word says; r3 table */
#define PAIR_1X4(word, inputs)            \
    "uxtb r10, " word "\n\t"              \
    "ubfx r11, " word ", #8, #8\n\t"      \
    "ldr r10, [r3, r10, lsl #2]\n\t"      \
    "ldr r11, [r3, r11, lsl #2]\n\t"      \
    "smlad r4, r10, " inputs ", r4\n\t"   \
    "smlad r5, r11, " inputs ", r5\n\t"   \
    "ubfx r10, " word ", #16, #8\n\t"     \
    "lsrs " word ", " word ", #24\n\t"    \
    "ldr r10, [r3, r10, lsl #2]\n\t"      \
    "ldr r11, [r3, " word ", lsl #2]\n\t" \
    "smlad r6, r10, " inputs ", r6\n\t"   \
    "smlad r7, r11, " inputs ", r7\n\t"

#define PRODUCTS_OF_PAIRS                                                                        \
    "ldr r3, [sp, #8]\n\t"                                                                       \
    "ldrd r0, r2, [sp]\n\t"                                                                      \
    "4:\n\t"                                                                                     \
    "ldr lr, [r0], #4\n\t"                                                                       \
    "ldmia r1!, {r8, r9}\n\t"                                                                    \
    "sxtb16 r12, lr\n\t"                                                                         \
    "sxtb16 lr, lr, ror #8\n\t" PAIR_1X4("r8", "r12") PAIR_1X4("r9", "lr") "subs r2, r2, #1\n\t" \
                                                                           "bne 4b\n\t"

/* Two inputs, in r12 and lr, of an output, whose weights' places in the book are r9 and r10 */
#define INDEXED_1X2(sum)                   \
    "ldrsb r9, [r3, r9]\n\t"               \
    "ldrsb r10, [r3, r10]\n\t"             \
    "smlabb " sum ", r9, r12, " sum "\n\t" \
    "smlabb " sum ", r10, lr, " sum "\n\t"

#define PRODUCTS_OF_INDEXED                                                                              \
    "ldr r3, [sp, #8]\n\t"                                                                               \
    "ldrd r0, r2, [sp]\n\t"                                                                              \
    "4:\n\t"                                                                                             \
    "ldrsb r12, [r0], #1\n\t"                                                                            \
    "ldr r8, [r1], #4\n\t"                                                                               \
    "ldrsb lr, [r0], #1\n\t"                                                                             \
    "and r9, r8, #15\n\t"                                                                                \
    "ubfx r10, r8, #4, #4\n\t" INDEXED_1X2("r4") "ubfx r9, r8, #8, #4\n\t"                               \
                                                 "ubfx r10, r8, #12, #4\n\t" INDEXED_1X2(                \
                                                     "r5") "ubfx r9, r8, #16, #4\n\t"                    \
                                                           "ubfx r10, r8, #20, #4\n\t" INDEXED_1X2(      \
                                                               "r6") "ubfx r9, r8, #24, #4\n\t"          \
                                                                     "lsr r10, r8, #28\n\t" INDEXED_1X2( \
                                                                         "r7") "subs r2, r2, #1\n\t"     \
                                                                               "bne 4b\n\t"

#define DENSE_BODY(PRODUCTS, RESCALE)                                     \
    ".syntax unified\n\t"                                                 \
    "push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"                     \
    "ldmia r0, {r1, r2, r3, r4, r5, r6, r7, r8, r9, r10}\n\t"             \
    "push {r2, r3, r4, r5, r6, r7, r8, r9, r10}\n\t"                      \
    "1:\n\t"                                                              \
    "ldr r3, [sp, #12]\n\t"                                               \
    "ldmia r3!, {r4, r5, r6, r7}\n\t"                                     \
    "str r3, [sp, #12]\n\t" PRODUCTS RESCALE "ldrd r2, r3, [sp, #16]\n\t" \
    "subs r3, r3, #4\n\t"                                                 \
    "bmi 7f\n\t"                                                          \
    "strb r4, [r2]\n\t"                                                   \
    "strb r5, [r2, #1]\n\t"                                               \
    "strb r6, [r2, #2]\n\t"                                               \
    "strb r7, [r2, #3]\n\t"                                               \
    "add r2, r2, #4\n\t"                                                  \
    "strd r2, r3, [sp, #16]\n\t"                                          \
    "bne.w 1b\n\t"                                                        \
    "b 8f\n\t"                                                            \
    "7:\n\t"                                                              \
    "strb r4, [r2]\n\t"                                                   \
    "cmn r3, #3\n\t"                                                      \
    "beq 8f\n\t"                                                          \
    "strb r5, [r2, #1]\n\t"                                               \
    "cmn r3, #2\n\t"                                                      \
    "beq 8f\n\t"                                                          \
    "strb r6, [r2, #2]\n\t"                                               \
    "8:\n\t"                                                              \
    "add sp, sp, #36\n\t"                                                 \
    "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}\n\t"

TFG_NAKED void tfg_dense(TFG_UNUSED const tfg_dense_t *dense)
{
    __asm__ volatile(DENSE_BODY(PRODUCTS, RESCALE_BLOCK));
}

TFG_NAKED void tfg_dense_per_channel(TFG_UNUSED const tfg_dense_t *dense)
{
    __asm__ volatile(DENSE_BODY(PRODUCTS, RESCALE_BLOCK_PER_CHANNEL));
}

TFG_NAKED void tfg_dense_pairs(TFG_UNUSED const tfg_dense_t *dense)
{
    __asm__ volatile(DENSE_BODY(PRODUCTS_OF_PAIRS, RESCALE_BLOCK));
}

TFG_NAKED void tfg_dense_indexed(TFG_UNUSED const tfg_dense_t *dense)
{
    __asm__ volatile(DENSE_BODY(PRODUCTS_OF_INDEXED, RESCALE_BLOCK));
}

/* Four inputs of one output: r0 input, r1 their weights in r4 and r5, r3 sum */
#define GROUP_1X1(even, odd)         \
    "ldr r12, [r0], #4\n\t"          \
    "sxtb16 lr, r12\n\t"             \
    "sxtb16 r12, r12, ror #8\n\t"    \
    "smlad r3, lr, " even ", r3\n\t" \
    "smlad r3, r12, " odd ", r3\n\t"

TFG_NAKED int32_t tfg_dot_wide(TFG_UNUSED const int8_t *input, TFG_UNUSED const int16_t *weights,
                               TFG_UNUSED int32_t groups, TFG_UNUSED int32_t sum)
{
    __asm__ volatile(
        ".syntax unified\n\t"
        "push {r4, r5, r6, r7, lr}\n\t"
        "lsrs r2, r2, #1\n\t"
        "bcc 1f\n\t"
        "ldmia r1!, {r4, r5}\n\t" GROUP_1X1("r4", "r5") "1:\n\t"
                                                        "beq 3f\n\t"
                                                        "2:\n\t"
                                                        "ldmia r1!, {r4, r5, r6, r7}\n\t" GROUP_1X1("r4", "r5")
                                                            GROUP_1X1("r6", "r7") "subs r2, r2, #1\n\t"
                                                                                  "bne 2b\n\t"
                                                                                  "3:\n\t"
                                                                                  "mov r0, r3\n\t"
                                                                                  "pop {r4, r5, r6, r7, pc}\n\t");
}
