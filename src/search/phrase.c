/* Phrases: the vacancies that have all the words are gone through once, comparing positions. The
 * positions of a heavier field come first, so the first occurrence is in the best tier, and where
 * its last word stands tells which.
 */
#include "cursor.h"
#include "run.h"

struct phrase {
    const struct search_segment *segment;
    const struct search_sequence *sequence;
    struct cursor cursors[STEPS_OF_SEQUENCE_MAX];
    uint16_t *positions; /* of each step, CODE_POSITIONS_COUNT_MAX apart */
};

/* Two words, each there once: what most vacancies have. */
static inline bool find_single(const struct phrase *phrase, uint32_t *first) {
    const uint8_t *a = phrase->cursors[0].positions, *b = phrase->cursors[1].positions;
    if (phrase->sequence->count != 2 || *a >= CODE_SHORT || *b >= CODE_SHORT)
        return false;
    uint32_t at = code_positions_single(a), then = code_positions_single(b);
    *first = at + phrase->sequence->steps[1].distance == then ? at : 0;
    return true;
}

/* The positions of a word, one after the other. */
struct steps {
    const uint8_t *at, *end;
    uint32_t position;
};

static inline struct steps steps_begin(const uint8_t *in) {
    if (*in < CODE_SHORT)
        return (struct steps){in, in, code_positions_single(in)};
    struct steps steps = {in + (*in == 255 ? 3 : 1), code_positions_skip(in), 0};
    steps.at = code_step_read(steps.at, &steps.position);
    return steps;
}

static inline bool steps_next(struct steps *steps) {
    uint32_t step;
    if (steps->at >= steps->end)
        return false;
    steps->at = code_step_read(steps->at, &step);
    steps->position += step;
    return true;
}

static inline uint32_t find_two(const uint8_t *first, const uint8_t *second, uint32_t distance) {
    struct steps a = steps_begin(first), b = steps_begin(second);
    for (;;) {
        uint32_t wanted = a.position + distance;
        if (b.position == wanted)
            return a.position;
        if (!steps_next(b.position < wanted ? &b : &a))
            return 0;
    }
}

static uint32_t find_among_many(struct phrase *phrase) {
    const struct search_step *steps = phrase->sequence->steps;
    size_t count = phrase->sequence->count;
    uint32_t counts[STEPS_OF_SEQUENCE_MAX] = {0}, at[STEPS_OF_SEQUENCE_MAX] = {0};
    for (size_t i = 0; i < count; i++) {
        counts[i] = code_positions_read(phrase->cursors[i].positions,
                                        phrase->positions + i * CODE_POSITIONS_COUNT_MAX);
    }
    for (; at[0] < counts[0]; at[0]++) {
        uint32_t first = phrase->positions[at[0]];
        size_t i = 1;
        for (; i < count; i++) {
            const uint16_t *own = phrase->positions + i * CODE_POSITIONS_COUNT_MAX;
            uint32_t wanted = first + steps[i].distance;
            while (at[i] < counts[i] && own[at[i]] < wanted)
                at[i]++;
            if (at[i] == counts[i])
                return 0;
            if (own[at[i]] != wanted)
                break;
        }
        if (i == count)
            return first;
    }
    return 0;
}

/* The first position of the first step where all follow; 0 nowhere. */
static inline __attribute__((always_inline)) uint32_t find_first(struct phrase *phrase,
                                                                 uint32_t doc) {
    uint32_t single;
    for (size_t i = 0; i < phrase->sequence->count; i++)
        cursor_seek(&phrase->cursors[i], doc);
    if (find_single(phrase, &single))
        return single;
    if (phrase->sequence->count == 2)
        return find_two(phrase->cursors[0].positions, phrase->cursors[1].positions,
                        phrase->sequence->steps[1].distance);
    return find_among_many(phrase);
}

/* The vacancies that have all the words, gone ones too (what is noted must stay right), into `out`;
 * false when a word is nowhere. */
static bool candidates(struct run *run, const struct view *view, uint8_t dictionary,
                       struct phrase *phrase, uint64_t *out) {
    const struct search_segment *segment = view->segment;
    bits_fill(out, segment->docs, segment->words);
    for (size_t i = 0; i < phrase->sequence->count; i++) {
        int64_t term = terms_find(segment, dictionary, phrase->sequence->steps[i].lexeme);
        if (term < 0)
            return false;
        cursor_init(&phrase->cursors[i], segment, (uint32_t)term);
        bits_and(out, list_bits(segment, terms_docs(&segment->terms[term]), run->room[2]),
                 segment->words);
    }
    return true;
}

uint32_t phrase_tier(const struct search_segment *segment, uint32_t doc, uint32_t position) {
    uint32_t tier = 0;
    while (tier < TIERS - 1 && position > segment->ends[doc][tier])
        tier++;
    return tier;
}

/* Goes through the candidates: of each that has the phrase, ordinal and tier. */
static inline __attribute__((always_inline)) uint32_t
find_each(struct phrase *phrase, const uint64_t *among, uint32_t *out) {
    const struct search_segment *segment = phrase->segment;
    uint32_t length = phrase->sequence->steps[phrase->sequence->count - 1].distance, found = 0;
    for (size_t word = 0; word < segment->words; word++)
        for (uint64_t w = among[word]; w != 0; w &= w - 1) {
            uint32_t doc = (uint32_t)(word * 64) + (uint32_t)__builtin_ctzll(w);
            uint32_t first = find_first(phrase, doc);
            if (first != 0)
                out[found++] = doc | phrase_tier(segment, doc, first + length) << MEMO_TIER_SHIFT;
        }
    return found;
}

static uint32_t find_portable(struct phrase *phrase, const uint64_t *among, uint32_t *out) {
    return find_each(phrase, among, out);
}

#if defined(__x86_64__)
static __attribute__((target("popcnt,bmi,bmi2"))) uint32_t
find_popcnt(struct phrase *phrase, const uint64_t *among, uint32_t *out) {
    return find_each(phrase, among, out);
}

static uint32_t find_all(struct phrase *phrase, const uint64_t *among, uint32_t *out) {
    if (__builtin_cpu_supports("popcnt") && __builtin_cpu_supports("bmi") &&
        __builtin_cpu_supports("bmi2"))
        return find_popcnt(phrase, among, out);
    return find_portable(phrase, among, out);
}
#else
static uint32_t find_all(struct phrase *phrase, const uint64_t *among, uint32_t *out) {
    return find_portable(phrase, among, out);
}
#endif

/* A row for one more tier: what is in the better ones, and room for more; NULL: no memory. */
static uint64_t *next_row(struct run *run, const struct view *view, const uint64_t *so_far) {
    size_t size = view->segment->words * sizeof *so_far;
    uint64_t *bits = scratch_array(run->scratch, view->segment->words, sizeof *bits);
    if (bits != NULL && so_far != NULL)
        memcpy(bits, so_far, size);
    else if (bits != NULL)
        memset(bits, 0, size);
    return bits;
}

/* Matches into bits, each in its tier and all worse ones. */
static enum status spread(struct run *run, const struct view *view, const uint32_t *matches,
                          uint32_t count, const uint64_t *out[TIERS]) {
    uint32_t counts[TIERS] = {0};
    const uint64_t *so_far = NULL;
    for (uint32_t i = 0; i < count; i++)
        counts[matches[i] >> MEMO_TIER_SHIFT]++;
    for (uint32_t tier = 0; tier < TIERS; out[tier++] = so_far) {
        if (counts[tier] == 0)
            continue;
        uint64_t *bits = next_row(run, view, so_far);
        if (bits == NULL)
            return STATUS_NO_MEMORY;
        for (uint32_t i = 0; i < count; i++)
            if (matches[i] >> MEMO_TIER_SHIFT == tier)
                bits_set(bits, matches[i] & ((UINT32_C(1) << MEMO_TIER_SHIFT) - 1));
        so_far = bits;
    }
    return STATUS_OK;
}

/* The same of lists, one a tier. */
static enum status spread_lists(struct run *run, const struct view *view, const struct list *lists,
                                const uint64_t *out[TIERS]) {
    const struct search_segment *segment = view->segment;
    const uint64_t *so_far = NULL;
    for (unsigned tier = 0; tier < TIERS; out[tier++] = so_far) {
        if (lists[tier].count == 0)
            continue;
        if (so_far == NULL && list_is_row(lists[tier])) {
            so_far = list_row(segment, lists[tier]);
            continue;
        }
        uint64_t *bits = next_row(run, view, so_far);
        if (bits == NULL)
            return STATUS_NO_MEMORY;
        list_or(segment, lists[tier], bits);
        so_far = bits;
    }
    return STATUS_OK;
}

/* Two common words side by side are worked out already; NULL: these are not. */
static const struct list *noted_pair(const struct search_segment *segment, uint8_t dictionary,
                                     const struct search_step *first) {
    if (segment->pairs == NULL || first[1].distance != first[0].distance + 1)
        return NULL;
    int64_t a = terms_find(segment, dictionary, first[0].lexeme),
            b = terms_find(segment, dictionary, first[1].lexeme);
    return a < 0 || b < 0 ? NULL : pairs_find(segment->pairs, (uint32_t)a, (uint32_t)b);
}

/* Out of the candidates of a longer phrase go those that lack two of its words side by side. */
static enum status narrow(struct run *run, const struct view *view, uint8_t dictionary,
                          const struct search_sequence *sequence, uint64_t *among) {
    const struct search_segment *segment = view->segment;
    for (size_t i = 0; i + 1 < sequence->count; i++) {
        const struct list *pair = noted_pair(segment, dictionary, &sequence->steps[i]);
        const uint64_t *rows[TIERS];
        if (pair == NULL)
            continue;
        if (spread_lists(run, view, pair, rows) != STATUS_OK)
            return STATUS_NO_MEMORY;
        if (rows[TIERS - 1] == NULL)
            memset(among, 0, segment->words * sizeof *among);
        else
            bits_and(among, rows[TIERS - 1], segment->words);
    }
    return STATUS_OK;
}

enum status match_phrase(struct run *run, const struct view *view, uint8_t dictionary,
                         const struct search_sequence *sequence, const uint64_t *out[TIERS]) {
    const struct search_segment *segment = view->segment;
    for (unsigned tier = 0; tier < TIERS; tier++)
        out[tier] = NULL;
    const struct list *pair = sequence->count == 2
                                  ? noted_pair(segment, dictionary, sequence->steps)
                                  : NULL;
    if (pair != NULL)
        return spread_lists(run, view, pair, out);
    const struct memo_entry *noted = memo_find(segment->memo, dictionary, sequence);
    if (noted != NULL) {
        uint32_t *again = scratch_array(run->scratch, noted->count, sizeof *again);
        if (again == NULL)
            return STATUS_NO_MEMORY;
        memo_read(noted, again);
        return spread(run, view, again, noted->count, out);
    }
    struct phrase *phrase = scratch_array(run->scratch, 1, sizeof *phrase);
    uint64_t *among = scratch_array(run->scratch, segment->words, sizeof *among);
    if (phrase == NULL || among == NULL)
        return STATUS_NO_MEMORY;
    phrase->segment = segment;
    phrase->sequence = sequence;
    phrase->positions = run->positions;
    if (!candidates(run, view, dictionary, phrase, among))
        return STATUS_OK;
    if (sequence->count > 2 && narrow(run, view, dictionary, sequence, among) != STATUS_OK)
        return STATUS_NO_MEMORY;
    uint32_t count = bits_count(among, segment->words);
    uint32_t *matches = scratch_array(run->scratch, count, sizeof *matches);
    if (matches == NULL)
        return STATUS_NO_MEMORY;
    uint32_t found = find_all(phrase, among, matches);
    if (count >= SEGMENT_MEMO_MIN)
        memo_add(segment->memo, dictionary, sequence, matches, found);
    return spread(run, view, matches, found, out);
}
