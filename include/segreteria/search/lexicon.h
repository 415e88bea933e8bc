/* The lexicon of the search: the words of all published vacancies, with which a misspelt word is
 * compared, and what the typeahead offers (search_suggest, index.h). It is made from lists at
 * intervals, never changed, and published with the index (search_index_set_lexicon). Reading is
 * free of locks, on any thread.
 */
#ifndef SEGRETERIA_SEARCH_LEXICON_H
#define SEGRETERIA_SEARCH_LEXICON_H

#include "segreteria/core/arena.h"
#include "segreteria/core/status.h"
#include "segreteria/core/str.h"
#include "segreteria/core/uuid.h"

struct search_lexicon;

struct search_word {
    struct str word; /* folded: lower case, no accents */
    uint32_t count;  /* vacancies that have it */
};

enum search_suggestion_kind {
    SEARCH_SUGGEST_ROLE,
    SEARCH_SUGGEST_TOOL,
    SEARCH_SUGGEST_PLACE,
    SEARCH_SUGGEST_TITLE,
    SEARCH_SUGGEST_WORD, /* of a title */
    SEARCH_SUGGEST_KINDS
};

enum search_suggestion_lang { SEARCH_SUGGEST_EN, SEARCH_SUGGEST_IT, SEARCH_SUGGEST_LANGS };

/* A role, tool or place that may be suggested. */
struct search_offer {
    enum search_suggestion_kind kind;
    struct str code; /* the filter's value: what vacancies have of it in the index */
    struct str near; /* what the parameter `near` takes, or absent */
    struct str texts[SEARCH_SUGGEST_LANGS]; /* as shown */
    const struct str *keys; /* its names: folded words, one space between them; no repeats */
    size_t keys_count;
    uint64_t weight; /* vacancies; with none it is left out */
};

/* The title of one of the newest vacancies. */
struct search_title {
    struct uuid id;
    int64_t published_at_us;
    struct str text; /* as written */
    struct str key;  /* folded */
};

struct search_lexicon_lists {
    const struct search_word *words;
    size_t words_count;
    const struct search_offer *offers;
    size_t offers_count;
    const struct search_title *titles; /* by key, then text */
    size_t titles_count;
    const struct str *stop_words; /* folded; are not suggested */
    size_t stop_words_count;
};

/* Of a kind so many are kept, those of the most vacancies. */
#define SEARCH_OFFERS_MAX 100000u

/* Copies everything. Words that are not 1 to 40 letters long are left out. 0.2 s for 300,000 words;
 * any thread. INVALID: an offer of another kind, or titles that are not in order. */
NODISCARD enum status search_lexicon_create(const struct search_lexicon_lists *lists,
                                            struct search_lexicon **out);
/* One that was not published. NULL is allowed. */
void search_lexicon_destroy(struct search_lexicon *lexicon);
size_t search_lexicon_bytes(const struct search_lexicon *lexicon);

/* The nearest word of the vocabulary that begins with the same letter: words of 4 to 7 letters at
 * one edit, longer ones at two (insert, delete, replace, swap neighbours: optimal string alignment;
 * letters are code points). The fewest edits win, then the most vacancies, then the bytes. EXISTS:
 * the word is in the vocabulary. NOT_FOUND: nothing near enough, or shorter than 4 letters or
 * longer than 40. *out is in the arena. */
NODISCARD enum status search_spell(const struct search_lexicon *lexicon, struct str word,
                                   struct arena *arena, struct str *out);

#endif
