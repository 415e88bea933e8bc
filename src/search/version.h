/* Versions of the index, and the index itself. The writer counts references; readers count nothing:
 * each has a slot in which it notes the version it is in, and the writer frees what no slot names.
 * Private to src/search.
 */
#ifndef SEARCH_VERSION_H
#define SEARCH_VERSION_H

#include <stdatomic.h>

#include "combine.h"
#include "intern.h"
#include "segment.h"
#include "where.h"

/* Which vacancies of a segment are current. Replaced, never changed, once a version has it. */
struct live {
    unsigned refs;
    uint32_t count;
    uint64_t bits[];
};

struct part {
    struct search_segment *segment;
    struct live *live;
};

struct lexicon_ref {
    unsigned refs;
    struct search_lexicon *lexicon;
};

struct search_version {
    const struct search_index *index;
    struct part *parts;
    size_t parts_count;
    uint64_t documents;
    struct lexicon_ref *lexicon;    /* or NULL */
    uint32_t values[SEARCH_FIELDS]; /* how many index-wide numbers of each field are in use */
    struct search_version *older;   /* among the former ones */
};

struct search_reader {
    struct search_index *index;
    atomic_bool taken;
    _Atomic(struct search_version *) inside;
    char apart[64]; /* readers write here: no two in one cache line */
};

#define SLOTS_MAX 4096u

struct search_index {
    _Atomic(struct search_version *) current;
    struct search_version *former;
    size_t former_count;
    struct search_reader *readers;
    unsigned readers_max;
    uint32_t docs_max;
    size_t memory_limit;
    size_t segments_memory;

    struct search_segment *slots[SLOTS_MAX]; /* by number, for `where` */
    struct where where;
    struct intern intern[SEARCH_FIELDS];
    uint64_t changes, merges, removed, serials;
    bool merging; /* a merge is planned and not yet installed */
};

/* ---- version.c; the writer alone ---- */

/* A version with room for `parts`, none yet; carries the current lexicon. */
NODISCARD enum status version_create(struct search_index *index, size_t parts,
                                     struct search_version **out);
/* Takes a reference to both. */
void version_add(struct search_version *version, struct search_segment *segment, struct live *live);
/* One that was not published. */
void version_free(struct search_index *index, struct search_version *version);
void version_publish(struct search_index *index, struct search_version *version);

NODISCARD struct live *live_full(const struct search_segment *segment);
NODISCARD struct live *live_copy(const struct search_segment *segment, const struct live *live);
void live_release(struct live *live);
void segment_release(struct search_index *index, struct search_segment *segment);

/* Gives the segment a number and its values their index-wide ones. */
NODISCARD enum status segment_register(struct search_index *index, struct search_segment *segment);

static inline struct search_version *index_current(const struct search_index *index) {
    return atomic_load_explicit(&index->current, memory_order_relaxed);
}

size_t index_bytes(const struct search_index *index);

/* ---- compact.c ---- */

/* Merges small segments at once until there are few. A failure leaves all as it was. */
void index_compact(struct search_index *index);

#endif
