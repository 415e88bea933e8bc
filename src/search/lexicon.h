/* The lexicon's inside: the vocabulary by first letter and length, suggestions by kind. Private to
 * src/search.
 */
#ifndef SEARCH_LEXICON_H
#define SEARCH_LEXICON_H

#include "memory.h"
#include "segreteria/search/index.h"

#define WORD_LETTERS_MAX 40u
#define TYPED_WORDS_MAX 16u
#define SUGGESTED_WORD_LETTERS 3u /* shorter ones are not suggested */

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

/* What may be suggested; in a list they stand in the order of weight, then text. */
struct offer {
    struct str text, code, near;
    uint64_t weight;
    uint32_t keys_from, keys_to;
};

struct key {
    struct str text;
    uint32_t offer;
};

/* Where a word of a key begins. */
struct start {
    uint32_t offer, key;
    uint32_t offset;
};

/* Sorted by the rest of the key from there, so what begins alike is a range. tree tells the place
 * of the least offer in a range: leaves are places, an inner node has the better of its two. */
struct starts {
    struct start *items;
    uint32_t *tree; /* 2 * leaves */
    size_t count, leaves;
};
#define START_NONE UINT32_MAX

struct offers {
    struct offer *items;
    size_t count;
    struct key *keys;
    size_t keys_count;
    struct starts heads; /* of whole keys */
    struct starts inner; /* of the words after the first */
    struct memory_store store;
};

struct titled { /* a vacancy that has the title */
    struct uuid id;
    int64_t published;
};

enum offer_list {
    LIST_ROLES_EN,
    LIST_ROLES_IT,
    LIST_TOOLS,
    LIST_PLACES,
    LIST_TITLES,
    LIST_WORDS,
    LISTS
};

struct search_lexicon {
    struct vocabulary vocabulary;
    struct offers lists[LISTS];
    struct titled *titled; /* by title */
    uint32_t *titled_from; /* of each title, and the end */
    uint32_t *words;       /* of LIST_WORDS, without repeats, by title */
    uint32_t *words_from;
    size_t bytes;
};

/* The code points of a text, at most `max`; -1 when it is not UTF-8 or has more. */
int letters_of(struct str text, uint32_t *out, unsigned max);
uint64_t letters_mask(const uint32_t *letters, unsigned count);

NODISCARD enum status vocabulary_make(struct vocabulary *vocabulary,
                                      const struct search_word *words, size_t count);

/* suggest_make.c */
NODISCARD enum status suggestions_make(struct search_lexicon *lexicon,
                                       const struct search_lexicon_lists *lists);
void suggestions_free(struct search_lexicon *lexicon);

int compare_str(struct str a, struct str b);
/* The starts whose rest of the key begins with the prefix. */
struct range {
    size_t from, to;
};
struct range starts_range(const struct offers *offers, const struct starts *starts,
                          struct str prefix);
/* Where the least offer of the range stands; START_NONE: it is empty. */
uint32_t starts_least(const struct starts *starts, size_t from, size_t to);

/* present.c: whether a vacancy of the version, open on that day, has the value of the field; or is
 * that one. */
bool version_has_value(const struct search_version *version, enum search_field field,
                       struct str value, int32_t today);
bool version_has_document(const struct search_version *version, const struct titled *titled,
                          int32_t today);

#endif
