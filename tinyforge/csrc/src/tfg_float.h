/*
 * expf and logf bit for bit as glibc 2.27 and later compute them (Arm's optimized routines), which is what TFLite's
 * float kernels call: a table of powers (reciprocals) and a cubic in double. No libc.
 */
#ifndef TFG_FLOAT_H
#define TFG_FLOAT_H

/* A fused multiply-add rounds once where the reference rounds twice; not every build system takes a flag from us. */
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

#include <string.h>

#include "tfg_internal.h"

/* e^x; 0 below -104; x must be below 88 */
static inline float tfg_expf(float x)
{
    static const double power[32] = {
        /* 2^(i / 32) */
        0x1.0000000000000p+0, 0x1.059b0d3158574p+0, 0x1.0b5586cf9890fp+0, 0x1.11301d0125b51p+0, 0x1.172b83c7d517bp+0,
        0x1.1d4873168b9aap+0, 0x1.2387a6e756238p+0, 0x1.29e9df51fdee1p+0, 0x1.306fe0a31b715p+0, 0x1.371a7373aa9cbp+0,
        0x1.3dea64c123422p+0, 0x1.44e086061892dp+0, 0x1.4bfdad5362a27p+0, 0x1.5342b569d4f82p+0, 0x1.5ab07dd485429p+0,
        0x1.6247eb03a5585p+0, 0x1.6a09e667f3bcdp+0, 0x1.71f75e8ec5f74p+0, 0x1.7a11473eb0187p+0, 0x1.82589994cce13p+0,
        0x1.8ace5422aa0dbp+0, 0x1.93737b0cdc5e5p+0, 0x1.9c49182a3f090p+0, 0x1.a5503b23e255dp+0, 0x1.ae89f995ad3adp+0,
        0x1.b7f76f2fb5e47p+0, 0x1.c199bdd85529cp+0, 0x1.cb720dcef9069p+0, 0x1.d5818dcfba487p+0, 0x1.dfc97337b9b5fp+0,
        0x1.ea4afa2a490dap+0, 0x1.f50765b6e4540p+0,
    };
    if (!(x > -104.0f)) {
        return 0.0f;
    }
    const double steps = 0x1.71547652b82fep+5 * (double)x; /* 32 / ln 2 */
    const int32_t whole = (int32_t)(steps < 0.0 ? steps - 0.5 : steps + 0.5);
    const double rest = steps - (double)whole;
    const double low = 0x1.62e42ff0c52d6p-6 * rest + 1.0;
    const double series = (0x1.c6af84b912394p-20 * rest + 0x1.ebfce50fac4f3p-13) * (rest * rest) + low;
    const int32_t exponent = (whole - (whole & 31)) / 32;
    const uint64_t bits = (uint64_t)(uint32_t)(1023 + exponent) << 52;
    double scale;
    memcpy(&scale, &bits, 8);
    return (float)(series * (power[whole & 31] * scale));
}

/* natural logarithm of x; x must be normal and above 0 */
static inline float tfg_logf(float x)
{
    static const double centre[16][2] = {
        /* 1 / c, log(c) */
        {0x1.661ec79f8f3bep+0, -0x1.57bf7808caadep-2}, {0x1.571ed4aaf883dp+0, -0x1.2bef0a7c06ddbp-2},
        {0x1.49539f0f010bp+0, -0x1.01eae7f513a67p-2},  {0x1.3c995b0b80385p+0, -0x1.b31d8a68224e9p-3},
        {0x1.30d190c8864a5p+0, -0x1.6574f0ac07758p-3}, {0x1.25e227b0b8eap+0, -0x1.1aa2bc79c81p-3},
        {0x1.1bb4a4a1a343fp+0, -0x1.a4e76ce8c0e5ep-4}, {0x1.12358f08ae5bap+0, -0x1.1973c5a611cccp-4},
        {0x1.0953f419900a7p+0, -0x1.252f438e10c1ep-5}, {0x1p+0, 0x0p+0},
        {0x1.e608cfd9a47acp-1, 0x1.aa5aa5df25984p-5},  {0x1.ca4b31f026aap-1, 0x1.c5e53aa362eb4p-4},
        {0x1.b2036576afce6p-1, 0x1.526e57720db08p-3},  {0x1.9c2d163a1aa2dp-1, 0x1.bc2860d224770p-3},
        {0x1.886e6037841edp-1, 0x1.1058bc8a07ee1p-2},  {0x1.767dcf5534862p-1, 0x1.4043057b6ee09p-2},
    };
    uint32_t bits;
    memcpy(&bits, &x, 4);
    const uint32_t above = bits - 0x3F330000U; /* x = 2^k * z with z from 0.7 to 1.4 */
    const int32_t k = (int32_t)(above >> 23) - ((above >> 31) != 0 ? 512 : 0);
    bits -= above & 0xFF800000U;
    float z;
    memcpy(&z, &bits, 4);
    const double *c = centre[(above >> 19) & 15];
    const double r = (double)z * c[0] - 1.0;
    const double start = c[1] + (double)k * 0x1.62e42fefa39efp-1; /* ln 2 */
    const double square = r * r;
    double y = 0x1.5575b0be00b6ap-2 * r + -0x1.ffffef20a4123p-2;
    y = -0x1.00ea348b88334p-2 * square + y;
    return (float)(y * square + (start + r));
}

#endif /* TFG_FLOAT_H */
