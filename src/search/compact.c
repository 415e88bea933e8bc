/* Which segments are merged, and the merge: of the small ones at once by the writer, of the others
 * planned and installed by the writer and made by another thread. Segments are of levels, each
 * eight times as large as the one below; eight of a level become one of the next, so that a vacancy
 * is written again some six times in all, and a query never meets more than a few dozen segments.
 */
#include <stdlib.h>

#include "memory.h"
#include "version.h"

#define FANOUT 8u
#define LEVELS 7u
/* Merging that many levels takes the writer a few milliseconds at most. */
#define LEVELS_AT_ONCE 2u
/* Nobody runs the merges that are planned: the writer does, before there are too many segments. */
#define PATIENCE 48u
/* A segment of which a quarter has gone is written anew. */
#define GONE_MIN 1024u

struct search_merge {
    struct combine_source sources[COMBINE_MAX];
    struct live *lives[COMBINE_MAX];
    unsigned count;
    uint32_t docs;
    struct search_segment *result;
};

static unsigned level_of(uint32_t docs) {
    unsigned level = 0;
    for (; docs >= FANOUT && level + 1 < LEVELS; docs /= FANOUT)
        level++;
    return level;
}

static enum status merge_create(struct search_merge **out) {
    *out = memory_zeroed(1, sizeof **out);
    return *out == NULL ? STATUS_NO_MEMORY : STATUS_OK;
}

static void merge_add(struct search_merge *merge, const struct part *part) {
    part->segment->refs++;
    part->live->refs++;
    part->segment->merging = true;
    merge->sources[merge->count] = (struct combine_source){.segment = part->segment,
                                                           .live = part->live->bits};
    merge->lives[merge->count++] = part->live;
    merge->docs += part->live->count;
}

static void merge_free(struct search_index *index, struct search_merge *merge) {
    for (unsigned i = 0; i < merge->count; i++) {
        struct search_segment *segment = index->slots[merge->sources[i].segment->slot];
        segment->merging = false;
        free(merge->sources[i].moved);
        live_release(merge->lives[i]);
        segment_release(index, segment);
    }
    segment_free(merge->result);
    free(merge);
}

/* Adds the smallest segments of the level while they fit. */
static void choose(const struct search_index *index, struct search_merge *merge, unsigned level) {
    const struct search_version *current = index_current(index);
    while (merge->count < COMBINE_MAX) {
        const struct part *least = NULL;
        for (size_t i = 0; i < current->parts_count; i++) {
            const struct part *part = &current->parts[i];
            if (!part->segment->merging && level_of(part->live->count) == level &&
                (least == NULL || part->live->count < least->live->count))
                least = part;
        }
        if (least == NULL || merge->docs + least->live->count > index->docs_max)
            return;
        merge_add(merge, least);
    }
}

static void count_levels(const struct search_index *index, unsigned counts[LEVELS]) {
    const struct search_version *current = index_current(index);
    for (size_t i = 0; i < current->parts_count; i++)
        if (!current->parts[i].segment->merging)
            counts[level_of(current->parts[i].live->count)]++;
}

enum status search_merge_plan(struct search_index *index, struct search_merge **out) {
    if (index->merging)
        return STATUS_NOT_FOUND;
    unsigned counts[LEVELS] = {0};
    count_levels(index, counts);
    struct search_merge *merge;
    if (merge_create(&merge) != STATUS_OK)
        return STATUS_NO_MEMORY;
    for (unsigned level = 0; level < LEVELS && merge->count == 0; level++)
        if (counts[level] >= FANOUT) {
            choose(index, merge, level);
            if (merge->count == 1) { /* the others do not fit in one segment with it */
                merge_free(index, merge);
                if (merge_create(&merge) != STATUS_OK)
                    return STATUS_NO_MEMORY;
            }
        }
    const struct search_version *current = index_current(index);
    for (size_t i = 0; i < current->parts_count && merge->count == 0; i++) {
        const struct part *part = &current->parts[i];
        uint32_t gone = part->segment->docs - part->live->count;
        if (gone >= GONE_MIN && gone >= part->segment->docs / 4)
            merge_add(merge, part);
    }
    if (merge->count == 0) {
        merge_free(index, merge);
        return STATUS_NOT_FOUND;
    }
    index->merging = true;
    *out = merge;
    return STATUS_OK;
}

enum status search_merge_run(struct search_merge *merge) {
    return combine(merge->sources, merge->count, merge->docs, &merge->result);
}

/* What went while the merge was made goes from its result, too; the rest is now there. */
static struct live *settle(struct search_index *index, const struct search_merge *merge) {
    struct search_segment *result = merge->result;
    struct live *live = live_full(result);
    if (live == NULL)
        return NULL;
    for (unsigned i = 0; i < merge->count; i++) {
        const struct combine_source *source = &merge->sources[i];
        for (uint32_t doc = 0; doc < source->segment->docs; doc++) {
            if (source->moved[doc] == COMBINE_GONE)
                continue;
            struct where_place place;
            if (!where_get(&index->where, index->slots, &source->segment->ids[doc], &place) ||
                place.slot != source->segment->slot || place.doc != doc) {
                bits_clear(live->bits, source->moved[doc]);
                live->count--;
            }
        }
    }
    return live;
}

static void move_in(struct search_index *index, const struct search_segment *result,
                    const struct live *live) {
    for (uint32_t doc = 0; doc < result->docs; doc++)
        if (bits_get(live->bits, doc))
            where_set(&index->where, index->slots, &result->ids[doc],
                      (struct where_place){result->slot, doc});
}

static bool is_source(const struct search_merge *merge, const struct search_segment *segment) {
    for (unsigned i = 0; i < merge->count; i++)
        if (merge->sources[i].segment == segment)
            return true;
    return false;
}

static enum status install(struct search_index *index, struct search_merge *merge) {
    const struct search_version *current = index_current(index);
    struct search_version *version;
    struct live *live = settle(index, merge);
    if (live == NULL)
        return STATUS_NO_MEMORY;
    enum status status = version_create(index, current->parts_count + 1, &version);
    if (status == STATUS_OK) {
        status = segment_register(index, merge->result);
        if (status != STATUS_OK)
            version_free(index, version);
    }
    if (status != STATUS_OK) {
        free(live);
        return status;
    }
    for (size_t i = 0; i < current->parts_count; i++)
        if (!is_source(merge, current->parts[i].segment))
            version_add(version, current->parts[i].segment, current->parts[i].live);
    move_in(index, merge->result, live);
    merge->result->refs++; /* kept while the version may drop it */
    if (live->count > 0)
        version_add(version, merge->result, live);
    else
        free(live);
    version_publish(index, version);
    segment_release(index, merge->result);
    merge->result = NULL;
    index->merges++;
    return STATUS_OK;
}

enum status search_merge_install(struct search_index *index, struct search_merge *merge) {
    enum status status = STATUS_NO_MEMORY; /* the run failed */
    if (merge->result != NULL)
        status = install(index, merge);
    merge_free(index, merge);
    index->merging = false;
    return status;
}

void index_compact(struct search_index *index) {
    for (;;) {
        unsigned counts[LEVELS] = {0}, level = 0;
        count_levels(index, counts);
        while (level < LEVELS && counts[level] < (level < LEVELS_AT_ONCE ? FANOUT : PATIENCE))
            level++;
        struct search_merge *merge;
        if (level == LEVELS || merge_create(&merge) != STATUS_OK)
            return;
        choose(index, merge, level);
        enum status status = STATUS_NOT_FOUND;
        if (merge->count > 1)
            status = search_merge_run(merge);
        if (status == STATUS_OK)
            status = install(index, merge);
        merge_free(index, merge);
        if (status != STATUS_OK)
            return;
    }
}
