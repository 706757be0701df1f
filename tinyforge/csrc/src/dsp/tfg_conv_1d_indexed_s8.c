#include "tfg/tfg_conv_1d_indexed_s8.h"

#include "tfg_packed_tiles.h"

/* Four places, or fewer; tiles() takes it from the begin of a channel to the next one's */
typedef struct {
    const int16_t *windows; /* [groups][inputs 0 2, 1 3][4 places][2], word-aligned; places beyond the last repeat it */
    const int16_t *end;
    const int32_t *multiplier;
    const int32_t *bias;
    int8_t *output;    /* of the first place, or of the first ones that are pooled */
    int32_t channels;  /* > 0 */
    int32_t offset[3]; /* bytes from there to the outputs of the second, third and fourth place */
    int32_t twice;     /* 2 * zero_point + 1 */
    int32_t pool;
    const uint16_t *rows;
    const void *table; /* the book, or both values of each byte */
    int32_t together;  /* 1: the latter */
} run_t;

/* Two weights times two inputs of the four places */
#define PAIR                             \
    "ldmia r0!, {r10, r11, r12, lr}\n\t" \
    "smlad r4, r9, r10, r4\n\t"          \
    "smlad r5, r9, r11, r5\n\t"          \
    "smlad r6, r9, r12, r6\n\t"          \
    "smlad r7, r9, lr, r7\n\t"

/* Both weights, of which r9 and r10 say the places in the book */
#define LOOK_UP                \
    "ldrsb r9, [r3, r9]\n\t"   \
    "ldrsb r10, [r3, r10]\n\t" \
    "pkhbt r9, r9, r10, lsl #16\n\t"

/* A byte of the row says both */
#define TOGETHER            \
    "ldrb r9, [r1], #1\n\t" \
    "ldr r9, [r3, r9, lsl #2]\n\t" PAIR

/* All channels of four places. r0 inputs, r1 rows, r2 end of the inputs, r3 table, r4 to r7 sums; on the stack the run */
static TFG_NAKED void tiles(TFG_UNUSED run_t *run)
{
    __asm__ volatile(".syntax unified\n\t" /* C99 compilers need not take what these would make written out */
                     ".macro tfg_greater one, other\n\t" GREATER ".endm\n\t"
                     ".macro tfg_rescale sum\n\t" RESCALE ".endm\n\t"
                     "push {r0, r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"
                     "ldrd r1, r3, [r0, #44]\n\t"
                     "1:\n\t"
                     "ldr r12, [sp]\n\t"
                     "ldr r4, [r12, #12]\n\t"
                     "ldrd r0, r2, [r12]\n\t"
                     "ldr r4, [r4]\n\t"
                     "asrs r4, r4, #8\n\t"
                     "mov r5, r4\n\t"
                     "mov r6, r4\n\t"
                     "mov r7, r4\n\t"
                     "ldr r8, [r12, #52]\n\t"
                     "cmp r8, #0\n\t"
                     "bne 5f\n\t"
                     "2:\n\t"
                     "ldrh r8, [r1], #2\n\t"
                     "and r9, r8, #15\n\t"
                     "ubfx r10, r8, #4, #4\n\t" LOOK_UP PAIR "ubfx r9, r8, #8, #4\n\t"
                     "lsr r10, r8, #12\n\t" LOOK_UP PAIR "cmp r0, r2\n\t"
                     "bne 2b\n\t"
                     "6:\n\t"
                     "ldr r11, [sp]\n\t"
                     "ldrd r2, lr, [r11, #8]\n\t"
                     "ldrd r8, r0, [r11, #16]\n\t"
                     "ldr r9, [r2], #4\n\t"
                     "ldrb r12, [lr], #4\n\t"
                     "strd r2, lr, [r11, #8]\n\t"
                     "add r2, r8, #1\n\t"
                     "subs r0, r0, #1\n\t"
                     "strd r2, r0, [r11, #16]\n\t"
                     "ldrd r10, r2, [r11, #36]\n\t"
                     "lsl r10, r10, r12\n\t"
                     "cmp r2, #2\n\t"
                     "bge 3f\n\t"
                     "tfg_rescale r5\n\t"
                     "tfg_rescale r7\n\t"
                     "ldr lr, [r11, #32]\n\t"
                     "ldr r2, [r11, #24]\n\t"
                     "strb r7, [r8, lr]\n\t"
                     "strb r5, [r8, r2]\n\t"
                     "b 4f\n\t"
                     "3:\n\t" /* of two places, or of four */
                     "tfg_greater r4, r5\n\t"
                     "tfg_greater r6, r7\n\t"
                     "cmp r2, #2\n\t"
                     "beq 4f\n\t"
                     "tfg_greater r4, r6\n\t"
                     "4:\n\t"
                     "tfg_rescale r4\n\t"
                     "tfg_rescale r6\n\t"
                     "ldr lr, [r11, #28]\n\t"
                     "cmp r0, #0\n\t"
                     "strb r6, [r8, lr]\n\t" /* the first output over it if alone */
                     "strb r4, [r8]\n\t"
                     "bne 1b\n\t"
                     "pop {r0, r4, r5, r6, r7, r8, r9, r10, r11, pc}\n\t"
                     "5:\n\t" TOGETHER TOGETHER "cmp r0, r2\n\t"
                     "bne 5b\n\t"
                     "b 6b\n\t"
                     ".purgem tfg_greater\n\t"
                     ".purgem tfg_rescale\n\t");
}

/* The windows of four places; those beyond the last one repeat it, and what fills up the last group is 0 */
static TFG_COLD void gather(const tfg_conv_1d_indexed_s8_t *p, const int8_t *input, int32_t start, int32_t left,
                            int16_t *to)
{
    const int32_t stride = p->stride * p->in_ch;
    const int32_t bytes = p->in_len * p->in_ch;
    if (left >= 4 && start >= 0 && start + 3 * stride + p->groups * 4 <= bytes) {
        tfg_expand_four(to, input + start, stride, p->groups);
    } else {
        for (int32_t slot = 0; slot < 4; slot++) {
            tfg_take_window(input, bytes, start + tfg_min(slot, left - 1) * stride, p->groups, p->pad_value,
                            to + slot * 2);
        }
    }
    to += p->groups * 16;
    for (int32_t tap = p->kernel * p->in_ch; tap % 4 != 0; tap++) {
        for (int32_t slot = 0; slot < 4; slot++) {
            to[(tap % 2 - 2) * 8 + slot * 2 + tap / 2 % 2] = 0;
        }
    }
}

TFG_COLD void tfg_conv_1d_indexed_s8(const tfg_conv_1d_indexed_s8_t *p, const int8_t *input, int8_t *output,
                                     int16_t *scratch)
{
    run_t run = {scratch,   scratch + p->groups * 16, NULL,    NULL,    output,  0,
                 {0, 0, 0}, 2 * p->zero_point + 1,    p->pool, p->rows, p->book, 0};
    if (p->pairs != NULL) {
        run.table = p->pairs;
        run.together = 1;
    }
    for (int32_t batch = 0; batch < p->batches; batch++) {
        for (int32_t place = 0; place < p->places; place += 4) {
            const int32_t left = p->places - place;
            const int32_t last = (tfg_min(left, 4) - 1) / p->pool; /* output of these */
            gather(p, input, (place * p->stride - p->pad) * p->in_ch, left, scratch);
            run.multiplier = p->multiplier;
            run.bias = p->bias;
            run.channels = p->out_ch;
            for (int32_t slot = 1; slot < 4; slot++) {
                run.offset[slot - 1] = tfg_min(slot / p->pool, last) * p->out_ch;
            }
            tiles(&run);
            TFG_NONE_KEPT();
            run.output += last * p->out_ch;
        }
        input += p->in_len * p->in_ch;
    }
    if (p->max - p->min != 255) {
        tfg_limit(output, (int32_t)(run.output - output), p->min, p->max);
    }
}
