/* GET /v1/jobs answered from the index in memory: what its files share. A search is planned here
 * where that is possible (search_local.c), else by PostgreSQL; asked of the index; and its page is
 * fetched by id.
 */
#ifndef SEGRETERIA_API_JOBS_SEARCH_H
#define SEGRETERIA_API_JOBS_SEARCH_H

#include "segreteria/api/call.h"
#include "segreteria/search/plan.h"

#define SEARCH_CORRECTIONS_MAX 6u /* a cursor has room for so many */

/* Words that no vacancy has, and what is looked for instead. */
struct search_corrections {
    struct str wrong[SEARCH_CORRECTIONS_MAX], replacements[SEARCH_CORRECTIONS_MAX];
    size_t count;
};

/* What to show for a facet's value. */
struct search_label {
    int kind;
    struct str value;
    struct str text; /* STR_NONE: the value says it */
    bool known;
};

/* One search under way; in the request's arena, or as long as that. */
struct search {
    struct api_call *call;
    json_t *document; /* the plan: see search_plan() in the data base */
    struct search_query query;
    struct search_facet_ask asks[SEARCH_FACETS];
    struct search_result result;
    unsigned limit;
    struct str after_text; /* of the cursor; STR_NONE: from the start */
    struct search_corrections corrections;
    struct str key;              /* of the kept plan */
    struct plan *planner;        /* search_local.c's */
    json_t *meanings;            /* likewise, of its words and names, as far as they are known */
    uint64_t dictionaries;       /* of the vacancies seen when it began, as bits */
    bool streams;                /* page after page: its cards are not kept */
    struct search_label *labels; /* of the facets' values, in order, where their kind has some */
    size_t labels_count;
    uint64_t epoch;    /* of the public vacancies, before the labels were looked for */
    struct str *cards; /* of each hit; STR_NONE: not there */
    void (*on_page)(struct search *search, struct str items);
    /* Takes the page where PostgreSQL has to search after all; NULL: it is the whole answer. */
    api_row_handler on_rows;
    void *context; /* of on_page's owner */
};

/* True when the index can answer now. */
bool search_index_serves(const struct api_call *call);
/* One more search that is answered by the index, or by PostgreSQL. */
void search_count(struct api_call *call, bool by_index);
/* How many vacancies can be found in all; false: the index does not serve. */
bool search_count_all(const struct api_call *call, uint64_t *out);
/* Begins a search of the call's parameters; the items of its page, joined by commas, in the arena,
 * are given to on_page. What is refused is answered. */
NODISCARD enum status search_begin(struct search *search);
/* The same with the plan that is there, from query.after on. */
NODISCARD enum status search_ask(struct search *search);
/* The key of the page's last hit and the corrections made, in the arena; STR_NONE: no further page
 * (or no memory). */
struct str search_next_key(struct search *search);

/* search_local.c: plans the search here and asks it, after a statement if need be. INVALID:
 * PostgreSQL has to plan it. */
NODISCARD enum status search_plan_here(struct search *search);
/* search.c: a plan by PostgreSQL, kept or new. */
NODISCARD enum status search_plan_elsewhere(struct search *search);
/* The search has this plan, whose reference is taken over, from here on. */
NODISCARD enum status search_plan_take(struct search *search, json_t *document);

/* search.c: false for parameters that do not change what is found, or that the call says itself. */
bool search_is_planned(struct str name);

/* search_query.c: fills the query from the plan and the call's parameters. INTERNAL: the plan is
 * not one. */
NODISCARD enum status search_query_read(struct search *search);
/* *corrections: what follows the key; STR_NONE: nothing does. */
NODISCARD enum status search_after_read(struct str text, struct search_after *out,
                                        struct str *corrections);

/* The value of a parameter, also of a list; NULL: not given. */
const struct parameter_value *search_parameter(const struct api_call *call, const char *name);

/* By enum search_field and search_facet_kind: the name in `facets`. */
extern const char *const search_facet_names[SEARCH_FACETS];

/* search_page.c: fetches what is to be shown of the result, then calls on_page. */
NODISCARD enum status search_show(struct search *search);

/* search_answer.c: the answer's members beside items and next_cursor, as JSON text without a
 * leading comma. STR_NONE: no memory. */
struct str search_members(struct search *search);

/* search_spell.c: finds the words that no vacancy has and their nearest spelling. True: there are
 * corrections now. */
bool search_correct(struct search *search, const struct search_version *version);
/* As part of a cursor, "wrong~right,..."; "" when there are none; STR_NONE: no memory. */
struct str search_corrections_write(const struct search_corrections *corrections,
                                    struct arena *arena);
/* Copies what it reads into the arena. INTERNAL: it is not what was written; NO_MEMORY. */
NODISCARD enum status search_corrections_read(struct str text, struct arena *arena,
                                              struct search_corrections *out);

#endif
