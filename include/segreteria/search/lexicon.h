/* The lexicon of the search: the words of all published vacancies, with which a misspelt word is
 * compared, and what the typeahead offers. It is made from lists at intervals, never changed, and
 * published with the index (search_index_set_lexicon). Reading is free of locks, on any thread.
 */
#ifndef SEGRETERIA_SEARCH_LEXICON_H
#define SEGRETERIA_SEARCH_LEXICON_H

#include "segreteria/core/arena.h"
#include "segreteria/core/status.h"
#include "segreteria/core/str.h"

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
    SEARCH_SUGGEST_KINDS
};

struct search_suggestion {
    enum search_suggestion_kind kind;
    struct str text; /* as shown */
    struct str key;  /* folded words of the text, one space between them */
    struct str code; /* what a filter takes (a role's code, a tool's key), or absent */
    uint64_t weight; /* the more, the earlier: vacancies, inhabitants */
};

/* Copies everything. Words that are not 1 to 40 letters long are left out. 0.2 s for 300,000 words;
 * any thread. */
NODISCARD enum status search_lexicon_create(const struct search_word *words, size_t words_count,
                                            const struct search_suggestion *suggestions,
                                            size_t suggestions_count, struct search_lexicon **out);
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

/* What has a word that begins with the last word of `typed` (folded) and has the words before it.
 * By kind (of `kinds`, bits 1 << kind); in a kind those that begin with `typed` first, then by
 * weight, then by text (bytes); at most `limit` of each kind (1 to 100). Nothing typed: nothing
 * suggested. */
NODISCARD enum status search_suggest(const struct search_lexicon *lexicon, struct str typed,
                                     unsigned kinds, size_t limit, struct arena *arena,
                                     struct search_suggestion **out, size_t *count);

#endif
