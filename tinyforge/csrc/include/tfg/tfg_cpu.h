/*
 * Whether this CPU and compiler take src/dsp: Thumb-2 with the SIMD instructions of Armv7E-M, loads at any address, and
 * GNU assembler in C. Cortex-M4, M7, M33 and M55 have them, M0, M3 and M33 without DSP do not. To be overridden by
 * -DTFG_CPU_HAS_DSP=0 or 1; a build that picks its folder by itself needs none of this.
 */
#ifndef TFG_CPU_H
#define TFG_CPU_H

#ifndef TFG_CPU_HAS_DSP
#if defined(__GNUC__) && defined(__thumb2__) && defined(__ARM_FEATURE_DSP) && defined(__ARM_FEATURE_SIMD32) && \
    defined(__ARM_FEATURE_UNALIGNED) && !defined(__ARM_BIG_ENDIAN)
#define TFG_CPU_HAS_DSP 1
#else
#define TFG_CPU_HAS_DSP 0
#endif
#endif

#endif /* TFG_CPU_H */
