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

/* ---- combining ---- */

/* Eight words at once, in whatever registers the target has. */
typedef uint64_t eight __attribute__((vector_size(BITS_STRIDE * sizeof(uint64_t))));

#define COMBINE(NAME, TARGET, EXPRESSION)                                                          \
    TARGET static void NAME(uint64_t *into, const uint64_t *a, const uint64_t *b, size_t words) {  \
        for (size_t i = 0; i < words; i += BITS_STRIDE) {                                          \
            eight x, y;                                                                            \
            memcpy(&x, a + i, sizeof x);                                                           \
            memcpy(&y, b + i, sizeof y);                                                           \
            x = EXPRESSION;                                                                        \
            memcpy(into + i, &x, sizeof x);                                                        \
        }                                                                                          \
    }

#if defined(__x86_64__)
#define WIDE __attribute__((target("avx512f")))
#define COMBINATION(NAME, EXPRESSION)                                                              \
    COMBINE(NAME##_plain, , EXPRESSION)                                                            \
    COMBINE(NAME##_wide, WIDE, EXPRESSION)                                                         \
    static void NAME(uint64_t *into, const uint64_t *a, const uint64_t *b, size_t words) {         \
        if (__builtin_cpu_supports("avx512f"))                                                     \
            NAME##_wide(into, a, b, words);                                                        \
        else                                                                                       \
            NAME##_plain(into, a, b, words);                                                       \
    }
#else
#define COMBINATION(NAME, EXPRESSION) COMBINE(NAME, , EXPRESSION)
#endif

COMBINATION(set_and, x &y)
COMBINATION(set_andnot, x & ~y)
COMBINATION(set_or, x | y)

void bits_and(uint64_t *into, const uint64_t *other, size_t words) {
    set_and(into, into, other, words);
}

void bits_andnot(uint64_t *into, const uint64_t *other, size_t words) {
    set_andnot(into, into, other, words);
}

void bits_or(uint64_t *into, const uint64_t *other, size_t words) {
    set_or(into, into, other, words);
}

void bits_set_and(uint64_t *into, const uint64_t *a, const uint64_t *b, size_t words) {
    set_and(into, a, b, words);
}

void bits_set_or(uint64_t *into, const uint64_t *a, const uint64_t *b, size_t words) {
    set_or(into, a, b, words);
}

#define ANY_OF(NAME, TARGET)                                                                       \
    TARGET static void NAME(uint64_t *into, const uint64_t *const *rows, size_t count,             \
                            size_t words) {                                                        \
        for (size_t i = 0; i < words; i += BITS_STRIDE) {                                          \
            eight any, other;                                                                      \
            memcpy(&any, rows[0] + i, sizeof any);                                                 \
            for (size_t row = 1; row < count; row++) {                                             \
                memcpy(&other, rows[row] + i, sizeof other);                                       \
                any |= other;                                                                      \
            }                                                                                      \
            memcpy(into + i, &any, sizeof any);                                                    \
        }                                                                                          \
    }

#if defined(__x86_64__)
ANY_OF(any_of_plain, )
ANY_OF(any_of_wide, WIDE)
void bits_any_of(uint64_t *into, const uint64_t *const *rows, size_t count, size_t words) {
    if (__builtin_cpu_supports("avx512f"))
        any_of_wide(into, rows, count, words);
    else
        any_of_plain(into, rows, count, words);
}
#else
ANY_OF(any_of, )
void bits_any_of(uint64_t *into, const uint64_t *const *rows, size_t count, size_t words) {
    any_of(into, rows, count, words);
}
#endif

/* ---- counting ---- */

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

static inline __attribute__((always_inline)) uint32_t
all_of(uint64_t *into, const uint64_t *const *rows, size_t count, size_t words) {
    uint64_t n = 0;
    for (size_t i = 0; i < words; i += BITS_STRIDE) {
        uint64_t block[BITS_STRIDE];
        memcpy(block, rows[0] + i, sizeof block);
        for (size_t row = 1; row < count; row++)
            for (size_t k = 0; k < BITS_STRIDE; k++)
                block[k] &= rows[row][i + k];
        memcpy(into + i, block, sizeof block);
        for (size_t k = 0; k < BITS_STRIDE; k++)
            n += (uint64_t)__builtin_popcountll(block[k]);
    }
    return (uint32_t)n;
}

static inline __attribute__((always_inline)) uint32_t
take(uint64_t *into, uint64_t *taken, const uint64_t *a, const uint64_t *b, size_t words) {
    uint64_t n = 0;
    for (size_t i = 0; i < words; i++) {
        uint64_t w = a[i] & b[i] & ~taken[i];
        into[i] = w;
        taken[i] |= w;
        n += (uint64_t)__builtin_popcountll(w);
    }
    return (uint32_t)n;
}

#if defined(__x86_64__)
#include <immintrin.h>

static __attribute__((target("popcnt"))) uint32_t
all_of_popcnt(uint64_t *into, const uint64_t *const *rows, size_t count, size_t words) {
    return all_of(into, rows, count, words);
}

static __attribute__((target("avx512f,avx512vpopcntdq"))) uint32_t
all_of_avx512(uint64_t *into, const uint64_t *const *rows, size_t count, size_t words) {
    __m512i sum = _mm512_setzero_si512();
    for (size_t i = 0; i < words; i += 8) {
        __m512i all = _mm512_loadu_si512(rows[0] + i);
        for (size_t row = 1; row < count; row++)
            all = _mm512_and_si512(all, _mm512_loadu_si512(rows[row] + i));
        _mm512_storeu_si512(into + i, all);
        sum = _mm512_add_epi64(sum, _mm512_popcnt_epi64(all));
    }
    return (uint32_t)_mm512_reduce_add_epi64(sum);
}

uint32_t bits_all_of(uint64_t *into, const uint64_t *const *rows, size_t count, size_t words) {
    if (__builtin_cpu_supports("avx512vpopcntdq"))
        return all_of_avx512(into, rows, count, words);
    if (__builtin_cpu_supports("popcnt"))
        return all_of_popcnt(into, rows, count, words);
    return all_of(into, rows, count, words);
}

static __attribute__((target("popcnt"))) uint32_t
take_popcnt(uint64_t *into, uint64_t *taken, const uint64_t *a, const uint64_t *b, size_t words) {
    return take(into, taken, a, b, words);
}

static __attribute__((target("avx512f,avx512vpopcntdq"))) uint32_t
take_avx512(uint64_t *into, uint64_t *taken, const uint64_t *a, const uint64_t *b, size_t words) {
    __m512i sum = _mm512_setzero_si512();
    for (size_t i = 0; i < words; i += 8) {
        __m512i before = _mm512_loadu_si512(taken + i);
        __m512i both = _mm512_and_si512(_mm512_loadu_si512(a + i), _mm512_loadu_si512(b + i));
        both = _mm512_andnot_si512(before, both);
        _mm512_storeu_si512(into + i, both);
        _mm512_storeu_si512(taken + i, _mm512_or_si512(before, both));
        sum = _mm512_add_epi64(sum, _mm512_popcnt_epi64(both));
    }
    return (uint32_t)_mm512_reduce_add_epi64(sum);
}

uint32_t bits_take(uint64_t *into, uint64_t *taken, const uint64_t *a, const uint64_t *b,
                   size_t words) {
    if (__builtin_cpu_supports("avx512vpopcntdq"))
        return take_avx512(into, taken, a, b, words);
    if (__builtin_cpu_supports("popcnt"))
        return take_popcnt(into, taken, a, b, words);
    return take(into, taken, a, b, words);
}

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
uint32_t bits_all_of(uint64_t *into, const uint64_t *const *rows, size_t count, size_t words) {
    return all_of(into, rows, count, words);
}

uint32_t bits_take(uint64_t *into, uint64_t *taken, const uint64_t *a, const uint64_t *b,
                   size_t words) {
    return take(into, taken, a, b, words);
}

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

/* ---- looking for ones ---- */

#define NEXT_STRIDE(NAME, TARGET, ANY)                                                             \
    TARGET static size_t NAME(const uint64_t *bits, size_t i) {                                    \
        while (!ANY(bits + i))                                                                     \
            i += BITS_STRIDE;                                                                      \
        return i;                                                                                  \
    }
#define PREVIOUS_STRIDE(NAME, TARGET, ANY)                                                         \
    TARGET static size_t NAME(const uint64_t *bits, size_t i) {                                    \
        while (i > 0 && !ANY(bits + i - BITS_STRIDE))                                              \
            i -= BITS_STRIDE;                                                                      \
        return i;                                                                                  \
    }
#define ANY_PLAIN(AT)                                                                              \
    (((AT)[0] | (AT)[1] | (AT)[2] | (AT)[3] | (AT)[4] | (AT)[5] | (AT)[6] | (AT)[7]) != 0)
_Static_assert(BITS_STRIDE == 8, "a stride is eight words");

NEXT_STRIDE(next_stride_plain, , ANY_PLAIN)
PREVIOUS_STRIDE(previous_stride_plain, , ANY_PLAIN)

#if defined(__x86_64__)
#define ANY_WIDE(AT) (_mm512_test_epi64_mask(_mm512_loadu_si512(AT), _mm512_loadu_si512(AT)) != 0)
NEXT_STRIDE(next_stride_wide, WIDE, ANY_WIDE)
PREVIOUS_STRIDE(previous_stride_wide, WIDE, ANY_WIDE)

static size_t next_stride(const uint64_t *bits, size_t i) {
    return __builtin_cpu_supports("avx512f") ? next_stride_wide(bits, i)
                                             : next_stride_plain(bits, i);
}

static size_t previous_stride(const uint64_t *bits, size_t i) {
    return __builtin_cpu_supports("avx512f") ? previous_stride_wide(bits, i)
                                             : previous_stride_plain(bits, i);
}
#else
static size_t next_stride(const uint64_t *bits, size_t i) { return next_stride_plain(bits, i); }
static size_t previous_stride(const uint64_t *bits, size_t i) {
    return previous_stride_plain(bits, i);
}
#endif

void bits_list(const uint64_t *bits, uint32_t count, uint32_t *out) {
    const uint32_t *end = out + count;
    for (size_t i = 0; out < end; i += BITS_STRIDE) {
        i = next_stride(bits, i);
        for (size_t k = i; k < i + BITS_STRIDE; k++)
            for (uint64_t w = bits[k]; w != 0; w &= w - 1)
                *out++ = (uint32_t)(k * 64) + (uint32_t)__builtin_ctzll(w);
    }
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
        if (word % BITS_STRIDE == 0)
            word = previous_stride(bits, word);
        if (word == 0)
            return -1;
        w = bits[--word];
    }
    return (int64_t)word * 64 + 63 - __builtin_clzll(w);
}
