/* A search as the index takes it, made here and not by search_plan() of the data base: a few
 * microseconds in place of milliseconds. PostgreSQL stays the definition (docs/search.md): what its
 * dictionaries make of a word, and what its tables make of a name, are asked of it once and given
 * to plan_finish; whatever C is not sure to understand as search_plan() does is left to that. The
 * two are compared by tests/sql/test_search_plan.py.
 *
 * Everything is in the arena. Thread: the caller's own.
 */
#ifndef SEGRETERIA_SEARCH_PLAN_H
#define SEGRETERIA_SEARCH_PLAN_H

#include <jansson.h>

#include "segreteria/core/arena.h"

#define PLAN_WORDS_MAX 32u
#define PLAN_NAMES_MAX 100u /* values of `city` and `tool` */

struct plan_term {
    bool excluded;
    size_t first, count; /* its words: in struct plan.said */
};

/* What PostgreSQL has to be asked, each once: NUL-terminated texts. */
struct plan_asked {
    struct str words[PLAN_WORDS_MAX]; /* folded */
    size_t words_count;
    struct str names[PLAN_NAMES_MAX]; /* as given: first the towns, then the tools */
    size_t cities_count, tools_count;
    struct str near; /* STR_NONE: no such parameter */
};

struct plan {
    struct arena *arena;
    const json_t *parameters;
    struct str q;
    struct plan_asked asked;
    struct plan_term terms[PLAN_WORDS_MAX];
    size_t terms_count;
    struct str said[PLAN_WORDS_MAX]; /* the words of all terms, in order */
    size_t said_count;
    struct str prefix; /* the last word of q, folded, unfinished perhaps; STR_NONE: none */
};

/* parameters: those of GET /v1/jobs that are given and part of a plan, as a JSON object of texts
 * and arrays of texts, valid by the contract; borrowed by the plan. Each word of q that is one of
 * `wrong` is replaced first. OK; INVALID: PostgreSQL has to plan it (it may be refused);
 * NO_MEMORY. */
NODISCARD enum status plan_begin(struct arena *arena, const json_t *parameters,
                                 const struct str *wrong, const struct str *replacements,
                                 size_t wrong_count, struct plan *out);

/* meanings: an object of objects, by what plan->asked says, as search_meanings() of the data base
 * gives them:
 *   words  {"in": [dictionary, ...], "lexemes": {dictionary: lexeme}}, or "dropped": true
 *   cities [key, ...]
 *   tools  key
 *   near   {"place": {...}}; anything else: PostgreSQL refuses it.
 * *document: what search_plan() gives, a new reference. INVALID as above, also when a meaning is
 * missing. */
NODISCARD enum status plan_finish(struct plan *plan, const json_t *meanings, json_t **document);

#endif
