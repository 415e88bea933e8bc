/* The lexicon's inside: the vocabulary by first letter and length, suggestions by kind. Private to
 * src/search.
 */
#ifndef SEARCH_LEXICON_H
#define SEARCH_LEXICON_H

#include "memory.h"
#include "segreteria/search/lexicon.h"

#define WORD_LETTERS_MAX 40u
#define TYPED_WORDS_MAX 16u

struct vocabulary_word {
    uint32_t first;   /* code point */
    uint32_t text;    /* offset */
    uint16_t len;     /* bytes */
    uint16_t letters; /* code points */
    uint32_t count;
    uint64_t mask; /* which letters it has, folded on 64 bits */
};

struct vocabulary {
    struct vocabulary_word *words; /* by first, letters, bytes */
    size_t count;
    uint8_t *texts;
    size_t texts_len;
};

/* A suggestion; in a kind they stand in the order of weight, then text. */
struct offer {
    struct str text, key, code;
    uint64_t weight;
};

/* Where a word of a key begins. */
struct start {
    uint32_t offer;
    uint32_t offset;
};

struct offers {
    struct offer *items;
    size_t count;
    struct start *starts; /* by the rest of the key from there, then by offer */
    size_t starts_count;
};

struct search_lexicon {
    struct vocabulary vocabulary;
    struct offers kinds[SEARCH_SUGGEST_KINDS];
    struct memory_store store;
    size_t bytes;
};

/* The code points of a text, at most `max`; -1 when it is not UTF-8 or has more. */
int letters_of(struct str text, uint32_t *out, unsigned max);
uint64_t letters_mask(const uint32_t *letters, unsigned count);

NODISCARD enum status vocabulary_make(struct vocabulary *vocabulary,
                                      const struct search_word *words, size_t count);
NODISCARD enum status offers_make(struct search_lexicon *lexicon,
                                  const struct search_suggestion *suggestions, size_t count);

#endif
