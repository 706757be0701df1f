#include "tfg/tfg_max_pool_2d_s8.h"

#include "tfg_dsp.h"

/* Windows side by side that have the same part inside, in the order in which it is loaded */
typedef struct {
    int32_t channels; /* > 0 */
    int32_t rows;
    int32_t columns;
    int32_t step;   /* bytes from column to column */
    int32_t line;   /* from a row's last column to the next row's first */
    int32_t stride; /* from window to window */
} windows_t;

/* Greatest of each of four signed bytes in r12 and at r0: SSUB8 sets GE where a >= b, SEL takes a there */
#define MOST                \
    "ldr r2, [r0]\n\t"      \
    "ssub8 r9, r12, r2\n\t" \
    "sel r12, r12, r2\n\t"

/*
 * `count` > 0 windows; words are read, up to three bytes behind the last value of each. r1 the window, r3 output, r4 to r8
 * as in windows_t; r10 channels left, r11 rows, lr columns; on the stack windows left, stride
 */
static TFG_NAKED void pool(TFG_UNUSED const windows_t *w, TFG_UNUSED const int8_t *corner, TFG_UNUSED int32_t count,
                           TFG_UNUSED int8_t *output)
{
    __asm__ volatile(".syntax unified\n\t"
                     "push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"
                     "ldmia r0, {r4, r5, r6, r7, r8, r9}\n\t"
                     "push {r2, r9}\n\t"
                     "1:\n\t" /* a window */
                     "mov r10, r4\n\t"
                     "2:\n\t" /* four channels */
                     "subs r0, r4, r10\n\t"
                     "add r0, r0, r1\n\t"
                     "mov r11, r5\n\t"
                     "ldr r12, [r0]\n\t"
                     "3:\n\t" /* a row */
                     "subs lr, r6, #1\n\t"
                     "beq 5f\n\t"
                     "4:\n\t"
                     "add r0, r0, r7\n\t" MOST "subs lr, lr, #1\n\t"
                     "bne 4b\n\t"
                     "5:\n\t"
                     "subs r11, r11, #1\n\t"
                     "beq 6f\n\t"
                     "add r0, r0, r8\n\t" MOST "b 3b\n\t"
                     "6:\n\t"
                     "subs r10, r10, #4\n\t"
                     "blt 7f\n\t"
                     "str r12, [r3], #4\n\t"
                     "bne 2b\n\t"
                     "b 9f\n\t"
                     "7:\n\t"
                     "adds r10, r10, #4\n\t"
                     "8:\n\t"
                     "strb r12, [r3], #1\n\t"
                     "lsr r12, r12, #8\n\t"
                     "subs r10, r10, #1\n\t"
                     "bne 8b\n\t"
                     "9:\n\t"
                     "ldrd r2, r9, [sp]\n\t"
                     "add r1, r1, r9\n\t"
                     "subs r2, r2, #1\n\t"
                     "str r2, [sp]\n\t"
                     "bne 1b\n\t"
                     "add sp, sp, #8\n\t"
                     "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}\n\t");
}

/* One window, behind whose last value nothing may be read */
static TFG_NOINLINE void last(const windows_t *w, const int8_t *corner, int8_t *output)
{
    for (int32_t channel = 0; channel < w->channels; channel++) {
        const int8_t *at = corner + channel;
        int32_t most = INT8_MIN;
        for (int32_t y = w->rows; y > 0; y--) {
            for (int32_t x = w->columns; x > 0; x--) {
                most = tfg_max(most, *at);
                at += w->step;
            }
            at += w->line - w->step;
        }
        output[channel] = (int8_t)most;
    }
}

void tfg_max_pool_2d_s8(const tfg_max_pool_2d_s8_t *p, const int8_t *input, int8_t *output)
{
    const int32_t size = p->out_h * p->out_w * p->channels;
    const int32_t behind = ((-p->channels & 3) + p->channels - 1) / p->channels; /* columns that are read */
    windows_t w;
    w.channels = w.step = p->channels;
    w.stride = p->stride_w * p->channels;
    for (int32_t batch = 0; batch < p->batches; batch++) {
        for (int32_t out_y = 0; out_y < p->out_h; out_y++) {
            const int32_t top = out_y * p->stride_h - p->pad_h;
            const int32_t y_first = tfg_max(0, top);
            const int32_t y_end = tfg_min(p->in_h, top + p->kernel_h);
            const int32_t safe = p->in_w - (y_end < p->in_h && behind <= p->in_w ? 0 : behind);
            int32_t left = -p->pad_w;
            int32_t count;
            w.rows = y_end - y_first;
            for (int32_t places = p->out_w; places > 0; places -= count) {
                const int32_t x_first = tfg_max(0, left);
                const int32_t x_end = tfg_min(p->in_w, left + p->kernel_w);
                const int8_t *corner = input + (y_first * p->in_w + x_first) * p->channels;
                w.columns = x_end - x_first;
                w.line = (p->in_w - w.columns + 1) * p->channels;
                count = 1;
                if (x_end > safe) {
                    last(&w, corner, output);
                } else {
                    if (w.columns == p->kernel_w) {
                        count = tfg_min(places, (safe - x_end) / p->stride_w + 1);
                    }
                    pool(&w, corner, count, output);
                    TFG_NONE_KEPT();
                }
                output += count * p->channels;
                left += count * p->stride_w;
            }
        }
        if (p->max - p->min != 255) {
            tfg_limit(output - size, size, p->min, p->max);
        }
        input += p->in_h * p->in_w * p->channels;
    }
}
