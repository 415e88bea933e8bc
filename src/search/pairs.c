/* Phrases of two common words: the vacancies are gone through once, each with the positions of its
 * common words on a board, so that who follows whom is seen at a glance.
 */
#include "pairs.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "segment.h"

#define POSITIONS (0x4000u + 1u)

/* A list on its way. */
struct draft {
    uint8_t *bytes;
    size_t len, capacity;
    uint32_t count, last; /* last: the ordinal; of the next gap */
    bool left_out;
};

struct word {
    const uint64_t *row;
    const uint8_t *next;                          /* positions of the next vacancy that has it */
    uint16_t positions[CODE_POSITIONS_COUNT_MAX]; /* in the present one */
    uint32_t count;
};

struct making {
    const struct search_segment *segment;
    uint32_t terms[PAIRS_WORDS_MAX];
    uint32_t count;
    struct word *words;
    uint64_t *board; /* of each position: which words stand there */
    struct draft *drafts;
    size_t room; /* bytes that the lists may take yet */
};

/* ---- which words ---- */

/* The commonest, the most frequent first. */
static void choose(struct making *making) {
    const struct search_segment *segment = making->segment;
    for (uint32_t term = 0; term < segment->terms_count; term++) {
        uint32_t count = segment->terms[term].count, at = making->count;
        if (!segment_dense(segment, count))
            continue;
        if (at == PAIRS_WORDS_MAX) {
            if (count <= segment->terms[making->terms[at - 1]].count)
                continue;
            at--;
        } else {
            making->count++;
        }
        for (; at > 0 && segment->terms[making->terms[at - 1]].count < count; at--)
            making->terms[at] = making->terms[at - 1];
        making->terms[at] = term;
    }
}

static int compare_terms(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static enum status begin(struct making *making) {
    const struct search_segment *segment = making->segment;
    qsort(making->terms, making->count, sizeof making->terms[0], compare_terms);
    making->words = memory_array(making->count, sizeof *making->words);
    making->board = memory_zeroed(POSITIONS + 1, sizeof *making->board);
    making->drafts = memory_zeroed((size_t)PAIRS_WORDS_MAX * PAIRS_WORDS_MAX,
                                   sizeof *making->drafts);
    making->room = segment->bytes_len / PAIRS_SHARE;
    if (making->words == NULL || making->board == NULL || making->drafts == NULL)
        return STATUS_NO_MEMORY;
    for (uint32_t i = 0; i < making->count; i++) {
        const struct term *term = &segment->terms[making->terms[i]];
        making->words[i].row = segment_row(segment, term->docs);
        making->words[i].next = segment->bytes + term->positions;
    }
    return STATUS_OK;
}

static void end(struct making *making) {
    for (size_t i = 0; making->drafts != NULL && i < (size_t)PAIRS_WORDS_MAX * PAIRS_WORDS_MAX; i++)
        free(making->drafts[i].bytes);
    free(making->drafts);
    free(making->board);
    free(making->words);
}

/* ---- who follows whom ---- */

static enum status note(struct making *making, struct draft *draft, uint32_t doc, uint32_t tier) {
    if (draft->left_out || (draft->count > 0 && draft->last == doc))
        return STATUS_OK; /* the first time counts */
    if (making->room < CODE_NUMBER_MAX) {
        free(draft->bytes);
        *draft = (struct draft){.left_out = true};
        return STATUS_OK;
    }
    if (memory_grow((void **)&draft->bytes, &draft->capacity, draft->len + CODE_NUMBER_MAX, 1) !=
        STATUS_OK)
        return STATUS_NO_MEMORY;
    uint8_t *from = draft->bytes + draft->len,
            *to = code_number_write(from, (doc - draft->last) << 2 | tier);
    draft->len += (size_t)(to - from);
    making->room -= (size_t)(to - from);
    draft->last = doc;
    draft->count++;
    return STATUS_OK;
}

static void set_up(struct making *making, uint32_t doc) {
    for (uint32_t i = 0; i < making->count; i++) {
        struct word *word = &making->words[i];
        word->count = 0;
        if (!bits_get(word->row, doc))
            continue;
        word->count = code_positions_read(word->next, word->positions);
        word->next = code_positions_skip(word->next);
        for (uint32_t k = 0; k < word->count; k++)
            making->board[word->positions[k]] |= UINT64_C(1) << i;
    }
}

static enum status look(struct making *making, uint32_t doc) {
    for (uint32_t i = 0; i < making->count; i++) {
        const struct word *word = &making->words[i];
        for (uint32_t k = 0; k < word->count; k++) {
            uint32_t after = word->positions[k] + 1u;
            for (uint64_t w = making->board[after]; w != 0; w &= w - 1) {
                struct draft *draft =
                    &making->drafts[i * PAIRS_WORDS_MAX + (uint32_t)__builtin_ctzll(w)];
                if (note(making, draft, doc, phrase_tier(making->segment, doc, after)) != STATUS_OK)
                    return STATUS_NO_MEMORY;
            }
        }
    }
    return STATUS_OK;
}

static void clear(struct making *making) {
    for (uint32_t i = 0; i < making->count; i++)
        for (uint32_t k = 0; k < making->words[i].count; k++)
            making->board[making->words[i].positions[k]] = 0;
}

/* ---- the result ---- */

static enum status gather(const struct making *making, struct pairs **out) {
    size_t len = 0, at = 0;
    for (size_t i = 0; i < (size_t)PAIRS_WORDS_MAX * PAIRS_WORDS_MAX; i++)
        len += making->drafts[i].len;
    struct pairs *pairs = memory_array(1, sizeof *pairs + len);
    if (pairs == NULL)
        return STATUS_NO_MEMORY;
    pairs->words_count = making->count;
    memcpy(pairs->words, making->terms, sizeof pairs->words);
    pairs->bytes_len = len;
    for (size_t i = 0; i < (size_t)PAIRS_WORDS_MAX * PAIRS_WORDS_MAX; i++) {
        const struct draft *draft = &making->drafts[i];
        pairs->found[i] = (struct pair){(uint32_t)at,
                                        draft->left_out ? PAIR_LEFT_OUT : draft->count};
        if (draft->len > 0)
            memcpy(pairs->bytes + at, draft->bytes, draft->len);
        at += draft->len;
    }
    *out = pairs;
    return STATUS_OK;
}

enum status pairs_make(const struct search_segment *segment, struct pairs **out) {
    struct making making = {.segment = segment};
    *out = NULL;
    if (segment->docs < PAIRS_DOCS_MIN)
        return STATUS_OK;
    choose(&making);
    if (making.count < 2)
        return STATUS_OK;
    enum status status = begin(&making);
    for (uint32_t doc = 0; doc < segment->docs && status == STATUS_OK; doc++) {
        set_up(&making, doc);
        status = look(&making, doc);
        clear(&making);
    }
    if (status == STATUS_OK)
        status = gather(&making, out);
    end(&making);
    return status;
}

size_t pairs_memory(const struct pairs *pairs) {
    return pairs == NULL ? 0 : sizeof *pairs + pairs->bytes_len;
}

/* ---- reading ---- */

static int64_t place_of(const struct pairs *pairs, uint32_t term) {
    uint32_t low = 0, high = pairs->words_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (pairs->words[middle] < term)
            low = middle + 1;
        else
            high = middle;
    }
    return low < pairs->words_count && pairs->words[low] == term ? (int64_t)low : -1;
}

const struct pair *pairs_find(const struct pairs *pairs, uint32_t first, uint32_t second) {
    if (pairs == NULL)
        return NULL;
    int64_t a = place_of(pairs, first), b = place_of(pairs, second);
    if (a < 0 || b < 0)
        return NULL;
    const struct pair *pair = &pairs->found[a * PAIRS_WORDS_MAX + b];
    return pair->count == PAIR_LEFT_OUT ? NULL : pair;
}

void pairs_read(const struct pairs *pairs, const struct pair *pair, uint32_t *out) {
    const uint8_t *at = pairs->bytes + pair->where;
    uint32_t doc = 0, number;
    for (uint32_t i = 0; i < pair->count; i++) {
        at = code_number_read(at, &number);
        doc += number >> 2;
        out[i] = doc | (number & 3) << MEMO_TIER_SHIFT;
    }
}
