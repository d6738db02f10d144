/* nn_real in vectors of a kernel file's own level, loaded from and stored to any address. */
#ifndef NN__KERNELS_LANES_H
#define NN__KERNELS_LANES_H

#include <string.h>

#include "kernels/simd.h"
#include "nn/base.h"

enum { LANES = NN__SIMD_BYTES / sizeof(nn_real) };

typedef nn_real lanes __attribute__((vector_size(NN__SIMD_BYTES)));
typedef nn_real lanes_at
    __attribute__((vector_size(NN__SIMD_BYTES), aligned(sizeof(nn_real)), may_alias));

static inline lanes zeros(void)
{
    const lanes zero = {0};
    return zero;
}

/* Vector number v from x on. */
static inline lanes load(const nn_real *x, int v)
{
    return *((const lanes_at *)(const void *)x + v);
}

static inline void store(nn_real *y, int v, lanes value)
{
    *((lanes_at *)(void *)y + v) = value;
}

/* `count` numbers, zeros behind them; AVX-512 has masks for that, AVX2 for loads that are worth it. */
#if defined(__AVX512F__) && NN__SIMD_BYTES == 64 && !defined(NN_REAL_IS_DOUBLE)
enum { MASKED = 1 };

static inline __mmask16 first_lanes(size_t count)
{
    return (__mmask16)((1u << count) - 1);
}

static inline lanes load_some(const nn_real *x, size_t count)
{
    return count >= LANES ? load(x, 0) : (lanes)_mm512_maskz_loadu_ps(first_lanes(count), x);
}

static inline void store_some(nn_real *y, lanes value, size_t count)
{
    if (count >= LANES)
        store(y, 0, value);
    else
        _mm512_mask_storeu_ps(y, first_lanes(count), (__m512)value);
}
#elif defined(__AVX2__) && NN__SIMD_BYTES == 32 && !defined(NN_REAL_IS_DOUBLE)
enum { MASKED = 0 };

static inline lanes load_some(const nn_real *x, size_t count)
{
    static const int32_t masks[2 * LANES] = {-1, -1, -1, -1, -1, -1, -1, -1};
    if (count >= LANES)
        return load(x, 0);
    return (lanes)_mm256_maskload_ps(
        x, _mm256_loadu_si256((const __m256i *)(const void *)(masks + LANES - count)));
}

static inline void store_some(nn_real *y, lanes value, size_t count)
{
    __m128 left = _mm256_castps256_ps128((__m256)value);
    if (count >= LANES) {
        store(y, 0, value);
        return;
    }
    if (count & 4) {
        _mm_storeu_ps(y, left);
        left = _mm256_extractf128_ps((__m256)value, 1);
        y += 4;
    }
    if (count & 2) {
        _mm_storel_pi((__m64 *)(void *)y, left);
        left = _mm_movehl_ps(left, left);
        y += 2;
    }
    if (count & 1)
        _mm_store_ss(y, left);
}
#else
enum { MASKED = 0 };

static inline lanes load_some(const nn_real *x, size_t count)
{
    nn_real narrow[LANES] = {0};
    if (count >= LANES)
        return load(x, 0);
    memcpy(narrow, x, count * sizeof *x);
    return load(narrow, 0);
}

static inline void store_some(nn_real *y, lanes value, size_t count)
{
    nn_real narrow[LANES];
    if (count >= LANES) {
        store(y, 0, value);
        return;
    }
    store(narrow, 0, value);
    memcpy(y, narrow, count * sizeof *y);
}
#endif

/* A number for each lane, and all bits of a lane set or none. */
typedef uint32_t lane_numbers
    __attribute__((vector_size(4 * NN__SIMD_BYTES / sizeof(nn_real)), aligned(4), may_alias));
#ifdef NN_REAL_IS_DOUBLE
typedef int64_t lane_bits __attribute__((vector_size(NN__SIMD_BYTES)));
#else
typedef int32_t lane_bits __attribute__((vector_size(NN__SIMD_BYTES)));
#endif

/* a > b ? a : b, lane by lane. */
static inline lanes larger(lanes a, lanes b)
{
#if defined(NN_REAL_IS_DOUBLE) || !defined(__x86_64__)
    const lane_bits above = a > b;
    return (lanes)((above & (lane_bits)a) | (~above & (lane_bits)b));
#elif NN__SIMD_BYTES == 64 && defined(__AVX512F__)
    return (lanes)_mm512_max_ps((__m512)a, (__m512)b);
#elif NN__SIMD_BYTES == 32 && defined(__AVX2__)
    return (lanes)_mm256_max_ps((__m256)a, (__m256)b);
#elif NN__SIMD_BYTES == 16
    return (lanes)_mm_max_ps((__m128)a, (__m128)b);
#else
    const lane_bits above = a > b;
    return (lanes)((above & (lane_bits)a) | (~above & (lane_bits)b));
#endif
}

/* Each lane of `value` whose number in vector v from `numbers` on is `number`, else 0. */
static inline lanes where_equal(lanes value, const uint32_t *numbers, int v, uint32_t number)
{
    const lane_numbers *all = (const lane_numbers *)(const void *)numbers + v;
    return (lanes)(__builtin_convertvector(*all == number, lane_bits) & (lane_bits)value);
}

/* The numbers of lanes as they lie in memory, `count` of them. */
static inline void store_numbers(uint32_t *numbers, lane_bits value, size_t count)
{
    const lane_numbers all = __builtin_convertvector(value, lane_numbers);
    if (count >= LANES)
        *(lane_numbers *)(void *)numbers = all;
    else
        memcpy(numbers, &all, count * sizeof *numbers);
}

static inline lane_bits load_numbers(const uint32_t *numbers, size_t count)
{
    uint32_t narrow[LANES] = {0};
    if (count >= LANES)
        return __builtin_convertvector(*(const lane_numbers *)(const void *)numbers, lane_bits);
    memcpy(narrow, numbers, count * sizeof *numbers);
    return __builtin_convertvector(*(const lane_numbers *)(const void *)narrow, lane_bits);
}

#endif
