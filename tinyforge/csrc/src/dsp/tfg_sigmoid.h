/* Logistic and tanh of src/dsp, equal to those of tfg_internal.h on every input. */
#ifndef TFG_SIGMOID_H
#define TFG_SIGMOID_H

#include "tfg_dsp.h"

/* The compiler's table, or NULL twice */
typedef struct {
    const int32_t *lines;
    const uint8_t *residues;
} tfg_sigmoid_t;

/* tfg_sigmoid_table, k 0..2^15 */
static inline int32_t tfg_sigmoid_dsp(const tfg_sigmoid_t *table, int32_t k)
{
    const int32_t line = table->lines[k >> 9];
    const int32_t chord = tfg_smlabb((uint32_t)line, (uint32_t)k & 511U, line) >> 16;
    int32_t half;
    int32_t residue;
    __asm__("lsrs %0, %2, #1\n\t"
            "ldrb %1, [%3, %0]\n\t"
            "ite cs\n\t"
            "lsrcs %1, %1, #4\n\t"
            "andcc %1, %1, #15"
            : "=&l"(half), "=&l"(residue)
            : "l"(k), "r"(table->residues)
            : "cc");
    return half + chord + residue;
}

/* a * b / 2^15, rounded half up, where `b` is held 2^17 times as large: one high word */
#define MUL17(a, b) tfg_smmulr(a, (b) * (1 << 17))

/* tfg_sigmoid_s16 */
static TFG_NOINLINE int32_t tfg_sigmoid_computed(int32_t k, int32_t integer_bits)
{
    /* exp(-k), as tfg_exp_s16 */
    const int32_t quarter_bits = 13 - integer_bits;
    const int32_t quarter = 1 << quarter_bits;
    const int32_t r = (-k & (quarter - 1)) - quarter;
    const int32_t x = r * (1 << integer_bits) + (1 << 12);
    const int32_t x2 = MUL17(x, x);
    const int32_t x3 = MUL17(x2, x);
    const int32_t x4 = MUL17(x2, x2);
    const int32_t cubic = MUL17(((x4 + 2) >> 2) + x3, 10923) + x2;
    int32_t e = 28918 + tfg_smmulr(28918 << 16, (x + ((cubic + 1) >> 1)) * 2);
    e = tfg_min(e, INT16_MAX);
    const int32_t n = (r + k) >> quarter_bits;
    e = (n & 1) ? tfg_smmulr(e * 2, 25520 << 16) : e;
    e = (n & 2) ? tfg_smmulr(e * 2, 19875 << 16) : e;
    e = (n & 4) ? MUL17(e, 12055) : e;
    if (n >> 3) {
        e = (n & 8) ? MUL17(e, 4435) : e;
        e = (n & 16) ? MUL17(e, 600) : e;
        e = (n & 32) ? MUL17(e, 11) : e;
        e = n >> 6 ? 0 : e;
    }
    /* Newton-Raphson; x is held 2^17 times as large */
    const int32_t half = (e + INT16_MAX + 1) >> 1;
    int32_t y = (23130 + MUL17(half, -15420)) * (1 << 17);
    y = tfg_add_wrap(y, tfg_shift_left(tfg_smmulr(y, (1 << 13) - tfg_smmulr(half, y)), 19));
    y = tfg_add_wrap(y, tfg_shift_left(tfg_smmulr(y, (1 << 13) - tfg_smmulr(half, y)), 19));
    y = tfg_add_wrap(y, tfg_shift_left(tfg_smmulr(y, (1 << 13) - tfg_smmulr(half, y)), 19));
    return k == 0 ? 1 << 13 : (int32_t)((uint32_t)y >> 17); /* up to 2^14 */
}

/* S(k) beyond the table's end */
static TFG_NOINLINE int32_t tfg_sigmoid_tail(int32_t k)
{
    return 16378 + (k > 34336 ? 1 : 0) + (k > 35607 ? 4 : 0) + (k > 37458 ? 1 : 0);
}

TFG_ALWAYS_INLINE int32_t tfg_logistic_dsp(const tfg_sigmoid_t *table, int32_t a, int32_t tabulated)
{
    const int32_t sign = a >> 31;
    const int32_t k = (a ^ sign) - sign;
    const int32_t s = tabulated ? tfg_sigmoid_dsp(table, k) : tfg_sigmoid_computed(k, 3);
    return (s * 2) ^ (int32_t)((uint32_t)sign >> 17);
}

TFG_ALWAYS_INLINE int32_t tfg_tanh_dsp(const tfg_sigmoid_t *table, int32_t a, int32_t integer_bits, int32_t tabulated)
{
    const int32_t sign = a >> 31;
    const int32_t magnitude = (a ^ sign) - sign;
    int32_t s;
    if (tabulated && integer_bits >= 2) {
        const int32_t k = magnitude << (integer_bits - 2);
        s = k <= 1 << 15 ? tfg_sigmoid_dsp(table, k) : tfg_sigmoid_tail(k);
    } else {
        s = tfg_sigmoid_computed(magnitude, integer_bits + 1);
    }
    return (tfg_ssat16((s - (1 << 13)) * 4) ^ sign) - sign;
}

#endif /* TFG_SIGMOID_H */
