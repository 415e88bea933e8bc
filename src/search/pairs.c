/* Phrases of two common words: the vacancies are gone through once, each with the positions of its
 * common words on a board, so that who follows whom is seen at a glance.
 */
#include "pairs.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "writer.h"

#define POSITIONS (0x4000u + 1u)
#define SQUARES (PAIRS_WORDS_MAX / 64u)
#define PAIRS ((size_t)PAIRS_WORDS_MAX * PAIRS_WORDS_MAX)

struct pair {
    struct list best[PAIR_TIERS];
    bool left_out;
};

struct pairs {
    uint32_t words_count;
    uint32_t words[PAIRS_WORDS_MAX]; /* terms, ascending */
    struct pair found[PAIRS];        /* first * PAIRS_WORDS_MAX + second */
};

/* What is found of a pair: gaps of ordinals, four times, and the tier. */
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
    uint64_t (*board)[SQUARES]; /* of each position: which words stand there */
    struct draft *drafts;
    size_t room; /* bytes that the lists may take yet */
};

/* ---- which words ---- */

/* In how many titles the word is. */
static uint32_t titles_of(const struct search_segment *segment, uint32_t term) {
    uint32_t tiers = segment->terms[term].tiers;
    return tiers == TERM_NO_TIERS ? 0 : segment->tiers[tiers].best[0].count;
}

static bool is_chosen(const struct making *making, uint32_t term) {
    for (uint32_t i = 0; i < making->count; i++)
        if (making->terms[i] == term)
            return true;
    return false;
}

/* Adds the dense words with the greatest counts, up to `max` in all. */
static void choose_by(struct making *making, uint32_t max, bool titles) {
    const struct search_segment *segment = making->segment;
    uint32_t from = making->count, counts[PAIRS_WORDS_MAX];
    for (uint32_t term = 0; term < segment->terms_count; term++) {
        uint32_t count = titles ? titles_of(segment, term) : segment->terms[term].count,
                 at = making->count;
        if (count == 0 || !list_is_row(terms_docs(&segment->terms[term])) ||
            (at == max && count <= counts[at - 1]) || is_chosen(making, term))
            continue;
        if (at == max)
            at--;
        else
            making->count++;
        for (; at > from && counts[at - 1] < count; at--) {
            making->terms[at] = making->terms[at - 1];
            counts[at] = counts[at - 1];
        }
        making->terms[at] = term;
        counts[at] = count;
    }
}

/* Half of them by titles, since who asks for a phrase mostly has one in mind. */
static void choose(struct making *making) {
    choose_by(making, PAIRS_WORDS_MAX / 2, true);
    choose_by(making, PAIRS_WORDS_MAX, false);
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
    making->drafts = memory_zeroed(PAIRS, sizeof *making->drafts);
    if (making->words == NULL || making->board == NULL || making->drafts == NULL)
        return STATUS_NO_MEMORY;
    for (uint32_t i = 0; i < making->count; i++) {
        const struct term *term = &segment->terms[making->terms[i]];
        making->words[i].row = list_row(segment, terms_docs(term));
        making->words[i].next = segment->bytes + term->positions;
    }
    return STATUS_OK;
}

static void end(struct making *making) {
    for (size_t i = 0; making->drafts != NULL && i < PAIRS; i++)
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
            making->board[word->positions[k]][i / 64] |= UINT64_C(1) << i % 64;
    }
}

/* Which words stand there, after the i-th. */
static enum status look_after(struct making *making, uint32_t i, uint32_t position, uint32_t doc) {
    struct draft *drafts = &making->drafts[(size_t)i * PAIRS_WORDS_MAX];
    for (uint32_t square = 0; square < SQUARES; square++)
        for (uint64_t w = making->board[position][square]; w != 0; w &= w - 1) {
            struct draft *draft = &drafts[square * 64 + (uint32_t)__builtin_ctzll(w)];
            uint32_t tier = phrase_tier(making->segment, doc, position);
            if (note(making, draft, doc, tier) != STATUS_OK)
                return STATUS_NO_MEMORY;
        }
    return STATUS_OK;
}

static enum status look(struct making *making, uint32_t doc) {
    for (uint32_t i = 0; i < making->count; i++) {
        const struct word *word = &making->words[i];
        for (uint32_t k = 0; k < word->count; k++) {
            if (look_after(making, i, word->positions[k] + 1u, doc) != STATUS_OK)
                return STATUS_NO_MEMORY;
        }
    }
    return STATUS_OK;
}

static void clear(struct making *making) {
    for (uint32_t i = 0; i < making->count; i++)
        for (uint32_t k = 0; k < making->words[i].count; k++)
            memset(making->board[making->words[i].positions[k]], 0, sizeof making->board[0]);
}

/* ---- the result ---- */

/* The vacancies of one tier, unless out is NULL (room for draft->count); gives how many, and how
 * many bytes their gaps take. */
static uint32_t of_tier(const struct draft *draft, uint32_t tier, uint32_t *out, size_t *bytes) {
    const uint8_t *at = draft->bytes;
    uint8_t code[CODE_NUMBER_MAX];
    uint32_t doc = 0, before = UINT32_MAX, count = 0, number;
    *bytes = 0;
    for (uint32_t i = 0; i < draft->count; i++) {
        at = code_number_read(at, &number);
        doc += number >> 2;
        if ((number & 3) != tier)
            continue;
        if (out != NULL)
            out[count] = doc;
        count++;
        *bytes += (size_t)(code_number_write(code, doc - before) - code);
        before = doc;
    }
    return count;
}

/* What the draft's lists will take. */
static size_t needed_by(const struct draft *draft, const struct writer *writer) {
    size_t needed = 0, bytes;
    for (uint32_t tier = 0; tier < PAIR_TIERS && draft->count > 0; tier++) {
        uint32_t count = of_tier(draft, tier, NULL, &bytes);
        needed += writer_is_row(writer, count, SEGMENT_ROW_SHARE_TIERS)
                      ? writer->segment->words * sizeof(uint64_t)
                      : bytes;
    }
    return needed;
}

static enum status gather_one(struct making *making, const struct draft *draft,
                              struct writer *writer, uint32_t *docs, struct pair *out) {
    size_t needed = needed_by(draft, writer), bytes;
    out->left_out = draft->left_out || needed > making->room;
    if (out->left_out)
        return STATUS_OK;
    making->room -= needed;
    for (uint32_t tier = 0; tier < PAIR_TIERS && draft->count > 0; tier++) {
        uint32_t count = of_tier(draft, tier, docs, &bytes);
        if (count == 0)
            continue;
        enum status status = writer_list(writer, docs, count, SEGMENT_ROW_SHARE_TIERS,
                                         &out->best[tier]);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static enum status gather(struct making *making, struct writer *writer, struct pairs **out) {
    struct pairs *pairs = memory_zeroed(1, sizeof *pairs);
    uint32_t *docs = memory_array(making->segment->docs, sizeof *docs);
    enum status status = pairs == NULL || docs == NULL ? STATUS_NO_MEMORY : STATUS_OK;
    for (size_t i = 0; i < PAIRS && status == STATUS_OK; i++)
        status = gather_one(making, &making->drafts[i], writer, docs, &pairs->found[i]);
    free(docs);
    if (status != STATUS_OK) {
        free(pairs);
        return status;
    }
    pairs->words_count = making->count;
    memcpy(pairs->words, making->terms, sizeof pairs->words);
    *out = pairs;
    return STATUS_OK;
}

/* For the drafts, which are gaps, and then for the lists. While a list is written each of its gaps
 * is thought to be of the longest, hence the fifth. */
static size_t room_for(const struct search_segment *segment, const struct writer *writer) {
    size_t share = segment->bytes_len / PAIRS_SHARE,
           left = (writer->memory_max - segment->bytes_len) / CODE_NUMBER_MAX;
    return share < left ? share : left;
}

enum status pairs_make(struct search_segment *segment, struct writer *writer, struct pairs **out) {
    struct making making = {.segment = segment};
    *out = NULL;
    if (segment->docs < PAIRS_DOCS_MIN)
        return STATUS_OK;
    choose(&making);
    if (making.count < 2)
        return STATUS_OK;
    enum status status = begin(&making);
    making.room = room_for(segment, writer);
    for (uint32_t doc = 0; doc < segment->docs && status == STATUS_OK; doc++) {
        set_up(&making, doc);
        status = look(&making, doc);
        clear(&making);
    }
    making.room = room_for(segment, writer);
    if (status == STATUS_OK)
        status = gather(&making, writer, out);
    end(&making);
    return status;
}

size_t pairs_memory(const struct pairs *pairs) { return pairs == NULL ? 0 : sizeof *pairs; }

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

const struct list *pairs_find(const struct pairs *pairs, uint32_t first, uint32_t second) {
    if (pairs == NULL)
        return NULL;
    int64_t a = place_of(pairs, first), b = place_of(pairs, second);
    if (a < 0 || b < 0)
        return NULL;
    const struct pair *pair = &pairs->found[a * PAIRS_WORDS_MAX + b];
    return pair->left_out ? NULL : pair->best;
}
