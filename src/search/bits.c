/* Plain bit sets. Counting uses the processor's own instruction where it has one: without it the
 * compiler's portable form is some five times slower, and counts are most of a facet's work.
 */
#include "bits.h"

#include <string.h>

void bits_fill(uint64_t *bits, uint32_t n, size_t words) {
    memset(bits, 0, words * sizeof *bits);
    memset(bits, 0xff, n / 64 * sizeof *bits);
    if (n % 64 != 0)
        bits[n / 64] = (UINT64_C(1) << (n % 64)) - 1;
}

void bits_clear_below(uint64_t *bits, uint32_t n) {
    memset(bits, 0, n / 64 * sizeof *bits);
    if (n % 64 != 0)
        bits[n / 64] &= ~((UINT64_C(1) << (n % 64)) - 1);
}

void bits_and(uint64_t *restrict into, const uint64_t *restrict other, size_t words) {
    for (size_t i = 0; i < words; i += 4) {
        into[i] &= other[i];
        into[i + 1] &= other[i + 1];
        into[i + 2] &= other[i + 2];
        into[i + 3] &= other[i + 3];
    }
}

void bits_andnot(uint64_t *restrict into, const uint64_t *restrict other, size_t words) {
    for (size_t i = 0; i < words; i += 4) {
        into[i] &= ~other[i];
        into[i + 1] &= ~other[i + 1];
        into[i + 2] &= ~other[i + 2];
        into[i + 3] &= ~other[i + 3];
    }
}

void bits_or(uint64_t *restrict into, const uint64_t *restrict other, size_t words) {
    for (size_t i = 0; i < words; i += 4) {
        into[i] |= other[i];
        into[i + 1] |= other[i + 1];
        into[i + 2] |= other[i + 2];
        into[i + 3] |= other[i + 3];
    }
}

void bits_set_and(uint64_t *restrict into, const uint64_t *a, const uint64_t *b, size_t words) {
    for (size_t i = 0; i < words; i += 4) {
        into[i] = a[i] & b[i];
        into[i + 1] = a[i + 1] & b[i + 1];
        into[i + 2] = a[i + 2] & b[i + 2];
        into[i + 3] = a[i + 3] & b[i + 3];
    }
}

static inline __attribute__((always_inline)) uint32_t count_and(const uint64_t *a,
                                                                const uint64_t *b, size_t words) {
    uint64_t n0 = 0, n1 = 0, n2 = 0, n3 = 0;
    for (size_t i = 0; i < words; i += 4) {
        n0 += (uint64_t)__builtin_popcountll(a[i] & b[i]);
        n1 += (uint64_t)__builtin_popcountll(a[i + 1] & b[i + 1]);
        n2 += (uint64_t)__builtin_popcountll(a[i + 2] & b[i + 2]);
        n3 += (uint64_t)__builtin_popcountll(a[i + 3] & b[i + 3]);
    }
    return (uint32_t)(n0 + n1 + n2 + n3);
}

#if defined(__x86_64__)
#include <immintrin.h>

static __attribute__((target("popcnt"))) uint32_t
count_and_popcnt(const uint64_t *a, const uint64_t *b, size_t words) {
    return count_and(a, b, words);
}

static __attribute__((target("avx512f,avx512vpopcntdq"))) uint32_t
count_and_avx512(const uint64_t *a, const uint64_t *b, size_t words) {
    __m512i sum = _mm512_setzero_si512();
    for (size_t i = 0; i < words; i += 8) {
        __m512i both = _mm512_and_si512(_mm512_loadu_si512(a + i), _mm512_loadu_si512(b + i));
        sum = _mm512_add_epi64(sum, _mm512_popcnt_epi64(both));
    }
    return (uint32_t)_mm512_reduce_add_epi64(sum);
}

uint32_t bits_count_and(const uint64_t *a, const uint64_t *b, size_t words) {
    if (__builtin_cpu_supports("avx512vpopcntdq"))
        return count_and_avx512(a, b, words);
    if (__builtin_cpu_supports("popcnt"))
        return count_and_popcnt(a, b, words);
    return count_and(a, b, words);
}
#else
uint32_t bits_count_and(const uint64_t *a, const uint64_t *b, size_t words) {
    return count_and(a, b, words);
}
#endif

uint32_t bits_count(const uint64_t *a, size_t words) { return bits_count_and(a, a, words); }

uint32_t bits_count_from(const uint64_t *a, uint32_t from, size_t words) {
    size_t word = from / 64;
    if (word >= words)
        return 0;
    uint32_t n = (uint32_t)__builtin_popcountll(a[word] >> (from % 64));
    for (word++; word < words && word % BITS_STRIDE != 0; word++)
        n += (uint32_t)__builtin_popcountll(a[word]);
    return word < words ? n + bits_count(a + word, words - word) : n;
}

int64_t bits_previous(const uint64_t *bits, int64_t below) {
    if (below <= 0)
        return -1;
    int64_t last = below - 1;
    size_t word = (size_t)last / 64;
    uint64_t w = bits[word] & (~UINT64_C(0) >> (63 - (unsigned)(last % 64)));
    while (w == 0) {
        if (word == 0)
            return -1;
        w = bits[--word];
    }
    return (int64_t)word * 64 + 63 - __builtin_clzll(w);
}
