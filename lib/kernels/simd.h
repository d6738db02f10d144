/*
 * Vectors of a kernel file's own level, for the few kernels that the compiler does not vectorise
 * from plain loops. Native width only: wider vectors are split badly.
 */
#ifndef NN__KERNELS_SIMD_H
#define NN__KERNELS_SIMD_H

#include <stdint.h>

/* `make VECTORS=64` sets it, to test the code for AVX-512 on processors without. */
#ifndef NN__SIMD_BYTES
#if defined(__AVX512F__)
#define NN__SIMD_BYTES 64
#elif defined(__AVX2__)
#define NN__SIMD_BYTES 32
#else
#define NN__SIMD_BYTES 16
#endif
#endif

#if defined(__x86_64__)
#include <immintrin.h>
#endif

typedef uint64_t nn__words __attribute__((vector_size(NN__SIMD_BYTES)));
enum { NN__WORDS = NN__SIMD_BYTES / 8 };

/* The lanes of two vectors a and b side by side that the numbers name. */
#if defined(__clang__) || __GNUC__ >= 12
#define NN__PICK(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define NN__PICK(a, b, ...) __builtin_shuffle(a, b, (__typeof__((a) == (b))){__VA_ARGS__})
#endif

/* 0, 1, 2, ... */
static inline nn__words nn__iota(void)
{
#if NN__SIMD_BYTES == 64
    return (nn__words){0, 1, 2, 3, 4, 5, 6, 7};
#elif NN__SIMD_BYTES == 32
    return (nn__words){0, 1, 2, 3};
#else
    return (nn__words){0, 1};
#endif
}

/* The product, 64 bits, of the low 32 bits of each lane. */
static inline nn__words nn__mul_low(nn__words a, nn__words b)
{
#if defined(__AVX512F__) && NN__SIMD_BYTES == 64
    return (nn__words)_mm512_mul_epu32((__m512i)a, (__m512i)b);
#elif defined(__AVX2__) && NN__SIMD_BYTES == 32
    return (nn__words)_mm256_mul_epu32((__m256i)a, (__m256i)b);
#elif defined(__x86_64__) && NN__SIMD_BYTES == 16
    return (nn__words)_mm_mul_epu32((__m128i)a, (__m128i)b);
#else
    return (a & 0xFFFFFFFFu) * (b & 0xFFFFFFFFu);
#endif
}

#endif
