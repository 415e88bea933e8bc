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

/* The first position of the first step where all follow; 0 nowhere. */
static uint32_t find_first(struct phrase *phrase, uint32_t doc) {
    const struct search_step *steps = phrase->sequence->steps;
    size_t count = phrase->sequence->count;
    uint32_t counts[STEPS_OF_SEQUENCE_MAX], at[STEPS_OF_SEQUENCE_MAX];
    for (size_t i = 0; i < count; i++) {
        cursor_seek(&phrase->cursors[i], doc);
        counts[i] = code_positions_read(phrase->cursors[i].positions,
                                        phrase->positions + i * CODE_POSITIONS_COUNT_MAX);
        at[i] = 0;
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

/* The vacancies that have all the words, into `out`; false when a word is nowhere. */
static bool candidates(struct run *run, const struct view *view, uint8_t dictionary,
                       struct phrase *phrase, uint64_t *out) {
    const struct search_segment *segment = view->segment;
    memcpy(out, view->live->bits, segment->words * sizeof *out);
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

enum status match_phrase(struct run *run, const struct view *view, uint8_t dictionary,
                         const struct search_sequence *sequence, uint64_t *out[TIERS]) {
    const struct search_segment *segment = view->segment;
    size_t words = segment->words;
    struct phrase *phrase = scratch_array(run->scratch, 1, sizeof *phrase);
    uint64_t *bits = scratch_array(run->scratch, words * TIERS, sizeof *bits);
    if (phrase == NULL || bits == NULL)
        return STATUS_NO_MEMORY;
    phrase->segment = segment;
    phrase->sequence = sequence;
    phrase->positions = run->positions;
    for (unsigned tier = 0; tier < TIERS; tier++)
        out[tier] = NULL;
    uint64_t *all = bits + (TIERS - 1) * words;
    if (!candidates(run, view, dictionary, phrase, all))
        return STATUS_OK;
    memset(bits, 0, (TIERS - 1) * words * sizeof *bits);
    uint32_t length = sequence->steps[sequence->count - 1].distance;
    for (size_t word = 0; word < words; word++)
        for (uint64_t w = all[word]; w != 0; w &= w - 1) {
            uint32_t doc = (uint32_t)(word * 64) + (uint32_t)__builtin_ctzll(w);
            uint32_t first = find_first(phrase, doc);
            if (first == 0) {
                bits_clear(all, doc);
                continue;
            }
            for (unsigned tier = 0; tier < TIERS - 1; tier++)
                if (first + length <= segment->ends[doc][tier])
                    bits_set(bits + tier * words, doc);
        }
    for (unsigned tier = 0; tier < TIERS; tier++)
        out[tier] = bits + tier * words;
    return STATUS_OK;
}
