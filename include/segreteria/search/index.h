/* The search index: every published vacancy in memory, asked by many threads, changed by one.
 *
 * A version is a list of immutable segments, each with a set of the vacancies in it that are still
 * current. The writer (one thread at a time) makes a new version for every batch of changes and
 * publishes it by one pointer; readers never lock and never wait. A former version is freed when no
 * reader is inside it. Small segments are merged into larger ones: the small by the writer as it
 * goes, the large by whichever thread calls search_merge_run, while the writer goes on.
 */
#ifndef SEGRETERIA_SEARCH_INDEX_H
#define SEGRETERIA_SEARCH_INDEX_H

#include "segreteria/search/lexicon.h"
#include "segreteria/search/query.h"

struct search_index;
struct search_version;
struct search_reader;
struct search_builder;
struct search_segment;
struct search_merge;
struct search_scratch;
struct search_lexicon;

struct search_options {
    size_t memory_limit;       /* bytes of all segments and tables; 0: no limit */
    uint32_t segment_docs_max; /* 0: 262,144 (also the most) */
    unsigned readers_max;      /* 0: 64 */
};

NODISCARD enum status search_index_create(const struct search_options *options,
                                          struct search_index **out);
/* No reader may be inside, no merge may run. NULL is allowed. */
void search_index_destroy(struct search_index *index);

/* ---- reading (any thread) ---- */

/* A reader belongs to one thread. BUSY when readers_max are registered. Unregister: not inside. */
NODISCARD enum status search_reader_register(struct search_index *index,
                                             struct search_reader **out);
void search_reader_unregister(struct search_reader *reader);

/* The current version, valid until leave. Never fails; not nested. Keep it short: what a reader is
 * inside of is not freed. */
const struct search_version *search_reader_enter(struct search_reader *reader);
void search_reader_leave(struct search_reader *reader);

/* Buffers of queries, kept between them: one a thread. */
NODISCARD enum status search_scratch_create(struct search_scratch **out);
void search_scratch_destroy(struct search_scratch *scratch);

/* Answers the query. Everything of the result is in the arena: nothing points into the version.
 * INVALID: a query that breaks a rule of query.h. TOO_LARGE: it passes a maximum of query.h, or a
 * prefix stands for too many words. NO_MEMORY. */
NODISCARD enum status search_query_run(const struct search_version *version,
                                       const struct search_query *query,
                                       struct search_scratch *scratch, struct arena *arena,
                                       struct search_result *out);

/* Vacancies in the version, counting those whose last day has passed. */
uint64_t search_version_documents(const struct search_version *version);

/* Vacancies that have the lexeme, those whose last day has passed among them; a microsecond or two.
 */
uint64_t search_version_count_term(const struct search_version *version, uint8_t dictionary,
                                   struct str lexeme);

/* How many vacancies open on that day have each of the offers, into its weight. NO_MEMORY. */
NODISCARD enum status search_version_weigh(const struct search_version *version, int32_t today,
                                           struct search_offer *offers, size_t count);

/* ---- completions and vacancies like another (docs/search.md says what both mean) ---- */

struct search_suggest_ask {
    struct str typed; /* folded (fold.h) */
    enum search_suggestion_lang lang;
    int32_t today;  /* as in a query: nothing is suggested that no vacancy has any more */
    unsigned limit; /* of each kind, 1 to 100 */
};

struct search_suggestion {
    enum search_suggestion_kind kind;
    struct str text;
    struct str code, near; /* as the offer's; absent for titles and words */
    uint64_t weight;       /* vacancies, when the lexicon was made */
};

/* By kind; in a kind those of which a name begins with what was typed first, then by weight, then
 * text (bytes). Everything is in the arena. INVALID: a limit out of range; TOO_LARGE: more than 16
 * words. A version without a lexicon suggests nothing. */
NODISCARD enum status search_suggest(const struct search_version *version,
                                     const struct search_suggest_ask *ask, struct arena *arena,
                                     struct search_suggestion **out, size_t *count);

/* The vacancy that others are compared with; absent values are like no other's, but two vacancies
 * without a country are in the same. */
struct search_like {
    struct uuid id;
    struct str role, city, region, country, work_mode, employment_type;
    uint8_t dictionary;
    const struct str *title; /* lexemes, without repeats; so are the lists that follow */
    size_t title_count;
    const struct str *tools, *languages, *soft_skills, *duties;
    size_t tools_count, languages_count, soft_skills_count, duties_count;
};

#define SEARCH_LIKE_AMONG 500 /* the newest of its role, and the newest in its city */
#define SEARCH_LIKE_POINTS_MIN 8

/* The likest first, then the newest; `key` of a hit is its points. At most `limit`
 * (SEARCH_LIMIT_MAX). In the arena. NO_MEMORY; INVALID: the limit. */
NODISCARD enum status search_similar(const struct search_version *version,
                                     const struct search_like *like, int32_t today, unsigned limit,
                                     struct search_scratch *scratch, struct arena *arena,
                                     struct search_hit **hits, size_t *count);

/* ---- changing (the writer's thread alone) ---- */

struct search_change {
    struct uuid id;
    const struct search_document *document; /* add or replace; NULL: remove */
};

/* Applies the changes in order, all visible at once when it returns. A change may name an id that
 * is not there. INVALID or TOO_LARGE (a document breaks a rule of document.h), NO_MEMORY, BUSY (the
 * memory limit would be passed): nothing was applied. */
NODISCARD enum status search_index_apply(struct search_index *index,
                                         const struct search_change *changes, size_t count);

/* Filling an empty index fast: builders may work on several threads, one each. Documents come in
 * the order published_at, id (INVALID otherwise); when full is true, or all have come, finish gives
 * the segment, and the builder is empty and ready for the next. Adopting replaces vacancies with
 * the same ids that are already there and takes the segment, also when it fails. */
NODISCARD enum status search_builder_create(const struct search_index *index,
                                            struct search_builder **out);
void search_builder_destroy(struct search_builder *builder);
NODISCARD enum status search_builder_add(struct search_builder *builder,
                                         const struct search_document *document);
bool search_builder_full(const struct search_builder *builder);
uint32_t search_builder_documents(const struct search_builder *builder);
NODISCARD enum status search_builder_finish(struct search_builder *builder,
                                            struct search_segment **out);
void search_segment_discard(struct search_segment *segment); /* one that was not adopted */
NODISCARD enum status search_index_adopt(struct search_index *index,
                                         struct search_segment *segment);

/* Merging: plan (writer) says whether something is worth merging; run (any thread, slow: up to a
 * second or two for 262,144 vacancies) makes the new segment; install (writer) puts it in place,
 * or drops it when run failed. One merge at a time. */
NODISCARD enum status search_merge_plan(struct search_index *index, struct search_merge **out);
/* STATUS_NOT_FOUND from plan: nothing to do. */
NODISCARD enum status search_merge_run(struct search_merge *merge);
NODISCARD enum status search_merge_install(struct search_index *index, struct search_merge *merge);

/* Frees former versions that no reader is inside of any more (apply, adopt and install do, too). */
void search_index_reclaim(struct search_index *index);

/* True when the vacancy is there, expired or not. */
bool search_index_has(const struct search_index *index, const struct uuid *id);

struct search_stats {
    uint64_t documents; /* current */
    uint64_t removed;   /* still in segments */
    size_t segments;
    size_t bytes;     /* segments, tables, former versions not yet freed */
    uint64_t changes; /* applied since the start */
    uint64_t merges;  /* installed, and small ones the writer made itself */
    size_t former;    /* versions waiting for readers */
};
void search_index_stats(const struct search_index *index, struct search_stats *out);

/* Puts a lexicon (lexicon.h) in the place of the former; takes it, also when it fails. NULL: none.
 */
NODISCARD enum status search_index_set_lexicon(struct search_index *index,
                                               struct search_lexicon *lexicon);
/* NULL while there is none. Valid as long as the version. */
const struct search_lexicon *search_version_lexicon(const struct search_version *version);

#endif
