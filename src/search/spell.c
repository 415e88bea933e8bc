/* The nearest spelling. The vocabulary stands by first letter and length, so a word is compared
 * with those of its own first letter and of lengths one or two away; a set of the letters each has
 * rules most of these out, and the rest is measured by Hyyro's bit-parallel algorithm (A Bit-Vector
 * Algorithm for Computing Levenshtein and Damerau Edit Distances, 2003), some 50 ns a word.
 */
#include <stdlib.h>

#include "lexicon.h"

int letters_of(struct str text, uint32_t *out, unsigned max) {
    unsigned count = 0;
    if (!str_is_utf8(text))
        return -1;
    for (size_t i = 0; i < text.len;) {
        uint8_t byte = (uint8_t)text.ptr[i];
        unsigned more = byte < 0x80 ? 0 : byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
        uint32_t letter = more == 0 ? byte : byte & (0x3fu >> more);
        for (unsigned j = 1; j <= more; j++)
            letter = letter << 6 | ((uint8_t)text.ptr[i + j] & 0x3fu);
        if (count == max)
            return -1;
        out[count++] = letter;
        i += more + 1;
    }
    return (int)count;
}

uint64_t letters_mask(const uint32_t *letters, unsigned count) {
    uint64_t mask = 0;
    for (unsigned i = 0; i < count; i++)
        mask |= UINT64_C(1) << (letters[i] & 63);
    return mask;
}

static int compare_bytes(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len) {
    int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
    return order != 0 ? order : (a_len > b_len) - (a_len < b_len);
}

static int compare_words(const void *a, const void *b, void *texts) {
    const struct vocabulary_word *x = a, *y = b;
    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    if (x->letters != y->letters)
        return x->letters < y->letters ? -1 : 1;
    return compare_bytes((uint8_t *)texts + x->text, x->len, (uint8_t *)texts + y->text, y->len);
}

/* Repeats become one word. */
static void fold_repeats(struct vocabulary *vocabulary) {
    size_t kept = 0;
    for (size_t i = 0; i < vocabulary->count; i++) {
        struct vocabulary_word *word = &vocabulary->words[i];
        if (kept > 0 && compare_words(&vocabulary->words[kept - 1], word, vocabulary->texts) == 0)
            vocabulary->words[kept - 1].count += word->count;
        else
            vocabulary->words[kept++] = *word;
    }
    vocabulary->count = kept;
}

enum status vocabulary_make(struct vocabulary *vocabulary, const struct search_word *words,
                            size_t count) {
    size_t bytes = 0, at = 0;
    for (size_t i = 0; i < count; i++)
        bytes += words[i].word.len;
    if (bytes > UINT32_MAX)
        return STATUS_TOO_LARGE;
    vocabulary->words = memory_array(count, sizeof *vocabulary->words);
    vocabulary->texts = memory_array(bytes, 1);
    if (vocabulary->words == NULL || vocabulary->texts == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        uint32_t letters[WORD_LETTERS_MAX];
        int letters_count = letters_of(words[i].word, letters, WORD_LETTERS_MAX);
        if (letters_count <= 0)
            continue;
        memcpy(vocabulary->texts + at, words[i].word.ptr, words[i].word.len);
        vocabulary->words[vocabulary->count++] = (struct vocabulary_word){
            .first = letters[0],
            .text = (uint32_t)at,
            .len = (uint16_t)words[i].word.len,
            .letters = (uint16_t)letters_count,
            .count = words[i].count,
            .mask = letters_mask(letters, (unsigned)letters_count)};
        at += words[i].word.len;
    }
    vocabulary->texts_len = bytes;
    if (vocabulary->count > 1)
        qsort_r(vocabulary->words, vocabulary->count, sizeof *vocabulary->words, compare_words,
                vocabulary->texts);
    fold_repeats(vocabulary);
    return STATUS_OK;
}

/* ---- distance ---- */

struct pattern {
    uint32_t letters[WORD_LETTERS_MAX];
    unsigned count;
    uint64_t ascii[128]; /* where each letter is */
};

static uint64_t pattern_of(const struct pattern *pattern, uint32_t letter) {
    if (letter < 128)
        return pattern->ascii[letter];
    uint64_t where = 0;
    for (unsigned i = 0; i < pattern->count; i++)
        where |= (uint64_t)(pattern->letters[i] == letter) << i;
    return where;
}

/* Optimal string alignment between the pattern and the letters. */
static unsigned distance(const struct pattern *pattern, const uint32_t *letters, unsigned count) {
    uint64_t up = ~UINT64_C(0), down = 0, zero = 0, before = 0;
    uint64_t last = UINT64_C(1) << (pattern->count - 1);
    unsigned edits = pattern->count;
    for (unsigned i = 0; i < count; i++) {
        uint64_t match = pattern_of(pattern, letters[i]);
        uint64_t swapped = ((~zero & match) << 1) & before;
        zero = (((match & up) + up) ^ up) | match | down | swapped;
        uint64_t plus = down | ~(zero | up), minus = zero & up;
        edits += (plus & last) != 0;
        edits -= (minus & last) != 0;
        plus = plus << 1 | 1;
        minus <<= 1;
        up = minus | ~(zero | plus);
        down = plus & zero;
        before = match;
    }
    return edits;
}

/* ---- search ---- */

/* The first word of (first, letters) or beyond. */
static size_t lower(const struct vocabulary *vocabulary, uint32_t first, unsigned letters) {
    size_t low = 0, high = vocabulary->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct vocabulary_word *word = &vocabulary->words[middle];
        if (word->first < first || (word->first == first && word->letters < letters))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct nearest {
    const struct vocabulary_word *word;
    unsigned edits;
};

static void look_at(const struct vocabulary *vocabulary, const struct pattern *pattern,
                    const struct vocabulary_word *word, struct nearest *nearest) {
    uint32_t letters[WORD_LETTERS_MAX];
    struct str text = str_from((const char *)vocabulary->texts + word->text, word->len);
    int count = letters_of(text, letters, WORD_LETTERS_MAX);
    unsigned edits = distance(pattern, letters, (unsigned)count);
    if (edits > nearest->edits)
        return;
    if (edits == nearest->edits && nearest->word != NULL) {
        const struct vocabulary_word *other = nearest->word;
        if (word->count < other->count)
            return;
        if (word->count == other->count &&
            compare_bytes(vocabulary->texts + word->text, word->len,
                          vocabulary->texts + other->text, other->len) > 0)
            return;
    }
    *nearest = (struct nearest){word, edits};
}

static bool is_word(const struct vocabulary *vocabulary, struct str text, uint32_t first,
                    unsigned letters) {
    size_t low = lower(vocabulary, first, letters), high = lower(vocabulary, first, letters + 1);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct vocabulary_word *word = &vocabulary->words[middle];
        int order = compare_bytes(vocabulary->texts + word->text, word->len,
                                  (const uint8_t *)text.ptr, text.len);
        if (order == 0)
            return true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

enum status search_spell(const struct search_lexicon *lexicon, struct str word, struct arena *arena,
                         struct str *out) {
    const struct vocabulary *vocabulary = &lexicon->vocabulary;
    struct pattern pattern = {0};
    int count = letters_of(word, pattern.letters, WORD_LETTERS_MAX);
    if (count <= 0)
        return STATUS_NOT_FOUND;
    pattern.count = (unsigned)count;
    if (is_word(vocabulary, word, pattern.letters[0], pattern.count))
        return STATUS_EXISTS;
    if (count < 4)
        return STATUS_NOT_FOUND;
    for (unsigned i = 0; i < pattern.count; i++)
        if (pattern.letters[i] < 128)
            pattern.ascii[pattern.letters[i]] |= UINT64_C(1) << i;
    unsigned most = count < 8 ? 1 : 2;
    uint64_t mask = letters_mask(pattern.letters, pattern.count);
    size_t from = lower(vocabulary, pattern.letters[0], pattern.count - most);
    struct nearest nearest = {.edits = most};
    for (size_t i = from; i < vocabulary->count; i++) {
        const struct vocabulary_word *other = &vocabulary->words[i];
        if (other->first != pattern.letters[0] || other->letters > pattern.count + most)
            break;
        /* An edit changes the set by two letters at most. */
        if ((unsigned)__builtin_popcountll(mask ^ other->mask) <= 2 * nearest.edits)
            look_at(vocabulary, &pattern, other, &nearest);
    }
    if (nearest.word == NULL)
        return STATUS_NOT_FOUND;
    struct str found = str_from((const char *)vocabulary->texts + nearest.word->text,
                                nearest.word->len);
    found.ptr = arena_strdup(arena, found);
    if (found.ptr == NULL)
        return STATUS_NO_MEMORY;
    *out = found;
    return STATUS_OK;
}
