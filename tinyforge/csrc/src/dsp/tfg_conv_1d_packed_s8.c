#include "tfg/tfg_conv_1d_packed_s8.h"

#include "tfg_packed_tiles.h"

/* Four places, or fewer, in the order in which tiles() loads them */
typedef struct {
    const int16_t *windows; /* [taps][4], word-aligned; those beyond the last place repeat it */
    int8_t *output;         /* of the first place, or of the first ones that are pooled */
    int32_t offset[3];      /* bytes from there to the outputs of the second, third and fourth place */
    int32_t twice;          /* 2 * zero_point + 1 */
} run_t;

/* A weight times one input of the four places */
#define ADD_FOUR                       \
    "smlabb r4, r9, \\weight, r4\n\t"  \
    "smlatb r5, r9, \\weight, r5\n\t"  \
    "smlabb r6, r10, \\weight, r6\n\t" \
    "smlatb r7, r10, \\weight, r7\n\t"

#define CODED                     \
    "ldrb r8, [r1], #1\n\t"       \
    "lsrs r12, r8, #4\n\t"        \
    "and r8, r8, #15\n\t"         \
    "add r0, r0, r12, lsl #3\n\t" \
    "ldrsb r8, [r3, r8]\n\t"      \
    "ldrd r9, r10, [r0]\n\t"      \
    "tfg_add_four r8\n\t"

#define SPARSE                           \
    "add r0, r0, \\distance, lsl #3\n\t" \
    "ldrsb r12, [r1, #\\value]\n\t"      \
    "ldrd r9, r10, [r0]\n\t"             \
    "tfg_add_four r12\n\t"

/*
 * All channels of four places. r0 inputs, r1 rows, r2 end of the row, r3 book, r4 to r7 sums, r11 the parameters, of which
 * the first nine members are read, lr the channel; on the stack the run.
 */
static TFG_NAKED void tiles(TFG_UNUSED const tfg_conv_1d_packed_s8_t *p, TFG_UNUSED const run_t *run)
{
    __asm__ volatile(".syntax unified\n\t" /* C99 compilers need not take what these would make written out */
                     ".macro tfg_add_four weight\n\t" ADD_FOUR ".endm\n\t"
                     ".macro tfg_coded\n\t" CODED ".endm\n\t"
                     ".macro tfg_sparse distance, value\n\t" SPARSE ".endm\n\t"
                     ".macro tfg_greater one, other\n\t" GREATER ".endm\n\t"
                     ".macro tfg_rescale sum\n\t" RESCALE ".endm\n\t"
                     "push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"
                     "ldmia r1, {r4, r5, r6, r7, r8, r9}\n\t"
                     "push {r4, r5, r6, r7, r8, r9}\n\t"
                     "mov r11, r0\n\t"
                     "ldr r1, [r0]\n\t"
                     "ldr r3, [r0, #8]\n\t"
                     "mov lr, #0\n\t"
                     "1:\n\t"
                     "ldr r2, [r11, #4]\n\t"
                     "ldr r4, [r11, #12]\n\t"
                     "ldr r8, [r11, #24]\n\t"
                     "ldr r0, [sp]\n\t"
                     "ldrh r2, [r2, lr, lsl #1]\n\t"
                     "ldr r4, [r4, lr, lsl #2]\n\t"
                     "mov r5, r4\n\t"
                     "mov r6, r4\n\t"
                     "mov r7, r4\n\t"
                     "cmp r2, #0\n\t"
                     "beq.w 7f\n\t"
                     "cmp r8, #1\n\t"
                     "beq 4f\n\t"
                     "lsrs r8, r2, #1\n\t" /* coded, two entries in a turn */
                     "add r2, r1, r2\n\t"
                     "bcc 3f\n\t"
                     "tfg_coded\n\t"
                     "cmp r1, r2\n\t"
                     "beq 7f\n\t"
                     "3:\n\t"
                     "tfg_coded\n\t"
                     "tfg_coded\n\t"
                     "cmp r1, r2\n\t"
                     "bne 3b\n\t"
                     "b 7f\n\t"
                     "4:\n\t"
                     "add r2, r2, r2, lsl #1\n\t"
                     "add r2, r1, r2\n\t"
                     "2:\n\t" /* sparse, a pair */
                     "ldrb r8, [r1], #3\n\t"
                     "lsrs r12, r8, #4\n\t"
                     "and r8, r8, #15\n\t"
                     "tfg_sparse r12, -2\n\t"
                     "tfg_sparse r8, -1\n\t"
                     "cmp r1, r2\n\t"
                     "bne 2b\n\t"
                     "7:\n\t"
                     "ldrd r9, r12, [r11, #16]\n\t"
                     "ldr r2, [r11, #28]\n\t"
                     "ldrd r0, r10, [sp, #16]\n\t"
                     "ldr r9, [r9, lr, lsl #2]\n\t"
                     "ldrsb r12, [r12, lr]\n\t"
                     "ldr r8, [sp, #4]\n\t"
                     "lsl r10, r10, r12\n\t"
                     "add r8, r8, lr\n\t"
                     "cmp r2, #2\n\t"
                     "bge 8f\n\t"
                     "tfg_rescale r5\n\t"
                     "tfg_rescale r7\n\t"
                     "strb r7, [r8, r0]\n\t"
                     "ldr r0, [sp, #8]\n\t"
                     "strb r5, [r8, r0]\n\t"
                     "b 9f\n\t"
                     "8:\n\t" /* of two places, or of four */
                     "tfg_greater r4, r5\n\t"
                     "tfg_greater r6, r7\n\t"
                     "cmp r2, #2\n\t"
                     "beq 9f\n\t"
                     "tfg_greater r4, r6\n\t"
                     "9:\n\t"
                     "tfg_rescale r4\n\t"
                     "tfg_rescale r6\n\t"
                     "ldr r0, [sp, #12]\n\t"
                     "ldr r2, [r11, #32]\n\t"
                     "strb r6, [r8, r0]\n\t" /* the first output over it if alone */
                     "strb r4, [r8]\n\t"
                     "add lr, lr, #1\n\t"
                     "cmp lr, r2\n\t"
                     "bne.w 1b\n\t"
                     "add sp, sp, #24\n\t"
                     "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}\n\t"
                     ".purgem tfg_add_four\n\t"
                     ".purgem tfg_coded\n\t"
                     ".purgem tfg_sparse\n\t"
                     ".purgem tfg_greater\n\t"
                     ".purgem tfg_rescale\n\t");
}

/* The windows of four places, `stride` bytes apart, as [taps][4] int16; those beyond the last one repeat it */
static TFG_COLD void gather(const tfg_conv_1d_packed_s8_t *p, const int8_t *input, int32_t start, int32_t count,
                            int16_t *to)
{
    const int32_t taps = p->kernel * p->in_ch;
    const int32_t bytes = p->in_len * p->in_ch;
    int32_t from[4];
    for (int32_t slot = 0; slot < 4; slot++) {
        from[slot] = start + tfg_min(slot, count - 1) * p->stride * p->in_ch;
    }
    int32_t tap = 0;
    if (start >= 0 && from[3] + taps <= bytes) {
        for (; tap + 4 <= taps; tap += 4) {
            for (int32_t pair = 0; pair < 2; pair++) {
                const uint32_t left = tfg_load4(input + from[2 * pair] + tap);
                const uint32_t right = tfg_load4(input + from[2 * pair + 1] + tap);
                const uint32_t even[2] = {tfg_sxtb16(left), tfg_sxtb16(right)};
                const uint32_t odd[2] = {tfg_sxtb16_ror8(left), tfg_sxtb16_ror8(right)};
                tfg_store4(to + 2 * pair, tfg_pkhbt(even[0], even[1]));
                tfg_store4(to + 2 * pair + 4, tfg_pkhbt(odd[0], odd[1]));
                tfg_store4(to + 2 * pair + 8, tfg_pkhtb(even[0], even[1]));
                tfg_store4(to + 2 * pair + 12, tfg_pkhtb(odd[0], odd[1]));
            }
            to += 16;
        }
    }
    for (; tap < taps; tap++) {
        for (int32_t slot = 0; slot < 4; slot++) {
            const int32_t at = from[slot] + tap;
            *to++ = (int16_t)(at >= 0 && at < bytes ? input[at] : p->pad_value);
        }
    }
}

TFG_COLD void tfg_conv_1d_packed_s8(const tfg_conv_1d_packed_s8_t *p, const int8_t *input, int8_t *output,
                                    int16_t *scratch)
{
    run_t run = {scratch, output, {0, 0, 0}, 2 * p->zero_point + 1};
    for (int32_t batch = 0; batch < p->batches; batch++) {
        for (int32_t place = 0; place < p->places; place += 4) {
            const int32_t count = tfg_min(p->places - place, 4);
            gather(p, input, (place * p->stride - p->pad) * p->in_ch, count, scratch);
            int32_t last = (count - 1) / p->pool; /* output of these */
            for (int32_t slot = 1; slot < 4; slot++) {
                run.offset[slot - 1] = tfg_min(slot / p->pool, last) * p->out_ch;
            }
            tiles(p, &run);
            TFG_NONE_KEPT();
            run.output += (last + 1) * p->out_ch;
        }
        input += p->in_len * p->in_ch;
    }
    if (p->max - p->min != 255) {
        tfg_limit(output, (int32_t)(run.output - output), p->min, p->max);
    }
}
