/* The index as its writer sees it: making it, applying changes, adopting segments. Everything that
 * can fail comes before the first thing that another thread or a later call can see.
 */
#include <stdlib.h>

#include "builder.h"
#include "memory.h"
#include "segreteria/core/clock.h"
#include "version.h"

#define READERS_DEFAULT 64u

enum status search_index_create(const struct search_options *options, struct search_index **out) {
    struct search_index *index = memory_zeroed(1, sizeof *index);
    if (index == NULL)
        return STATUS_NO_MEMORY;
    index->memory_limit = options->memory_limit;
    index->serials = (uint64_t)clock_unix_ms()
                     << 20; /* a million a millisecond: none comes again */
    index->docs_max = options->segment_docs_max;
    if (index->docs_max == 0 || index->docs_max > SEGMENT_DOCS_MAX)
        index->docs_max = SEGMENT_DOCS_MAX;
    index->readers_max = options->readers_max == 0 ? READERS_DEFAULT : options->readers_max;
    index->readers = memory_zeroed(index->readers_max, sizeof *index->readers);
    struct search_version *empty = NULL;
    if (index->readers == NULL || version_create(index, 0, &empty) != STATUS_OK) {
        free(index->readers);
        free(index);
        return STATUS_NO_MEMORY;
    }
    for (unsigned i = 0; i < index->readers_max; i++)
        index->readers[i].index = index;
    version_publish(index, empty);
    *out = index;
    return STATUS_OK;
}

void search_index_destroy(struct search_index *index) {
    if (index == NULL)
        return;
    search_index_reclaim(index);
    version_free(index, index_current(index));
    where_deinit(&index->where);
    for (unsigned field = 0; field < SEARCH_FIELDS; field++)
        intern_deinit(&index->intern[field]);
    free(index->readers);
    free(index);
}

enum status search_builder_create(const struct search_index *index, struct search_builder **out) {
    return builder_create(index->docs_max, out);
}

size_t index_bytes(const struct search_index *index) {
    size_t bytes = sizeof *index + index->segments_memory +
                   index->where.slots_count * sizeof *index->where.slots;
    for (unsigned field = 0; field < SEARCH_FIELDS; field++)
        bytes += index->intern[field].bytes;
    const struct search_version *current = index_current(index);
    for (size_t i = 0; i < current->parts_count; i++) {
        const struct search_segment *segment = current->parts[i].segment;
        bytes += segment->words * sizeof(uint64_t);
        if (segment->memo != NULL)
            bytes += sizeof *segment->memo + atomic_load(&segment->memo->bytes);
    }
    const struct search_lexicon *lexicon = search_version_lexicon(current);
    return lexicon == NULL ? bytes : bytes + search_lexicon_bytes(lexicon);
}

void search_index_stats(const struct search_index *index, struct search_stats *out) {
    const struct search_version *current = index_current(index);
    uint64_t held = 0;
    for (size_t i = 0; i < current->parts_count; i++)
        held += current->parts[i].segment->docs;
    *out = (struct search_stats){.documents = current->documents,
                                 .removed = held - current->documents,
                                 .segments = current->parts_count,
                                 .bytes = index_bytes(index),
                                 .changes = index->changes,
                                 .merges = index->merges,
                                 .former = index->former_count};
}

bool search_index_has(const struct search_index *index, const struct uuid *id) {
    struct where_place place;
    return where_get(&index->where, index->slots, id, &place);
}

/* ---- a new version: what is in the index, without some, with a new segment ---- */

struct update {
    struct search_index *index;
    struct live **lives; /* the new one of each part of the current version, NULL: unchanged */
    size_t lives_count;
    struct search_segment *segment; /* or NULL */
    const struct search_change **gone;
    size_t gone_count;
};

static void update_deinit(struct update *update) {
    for (size_t i = 0; i < update->lives_count; i++)
        free(update->lives[i]);
    free(update->lives);
    update->lives = NULL;
    update->lives_count = 0;
}

static enum status update_init(struct update *update, struct search_index *index) {
    size_t count = index_current(index)->parts_count;
    *update = (struct update){.index = index};
    update->lives = memory_zeroed(count, sizeof *update->lives);
    if (update->lives == NULL)
        return STATUS_NO_MEMORY;
    update->lives_count = count;
    return STATUS_OK;
}

/* Takes the vacancy out of the part that has it, if one has. */
static enum status update_remove(struct update *update, const struct uuid *id) {
    const struct search_index *index = update->index;
    const struct search_version *current = index_current(index);
    struct where_place place;
    if (!where_get(&index->where, index->slots, id, &place))
        return STATUS_OK;
    const struct search_segment *segment = index->slots[place.slot];
    size_t part = 0;
    while (part < current->parts_count && current->parts[part].segment != segment)
        part++;
    if (part == current->parts_count)
        return STATUS_INTERNAL;
    if (update->lives[part] == NULL) {
        update->lives[part] = live_copy(segment, current->parts[part].live);
        if (update->lives[part] == NULL)
            return STATUS_NO_MEMORY;
    }
    struct live *live = update->lives[part];
    if (bits_get(live->bits, place.doc)) {
        bits_clear(live->bits, place.doc);
        live->count--;
    }
    return STATUS_OK;
}

/* Makes and publishes the version. From here on nothing fails but at the start. */
static enum status update_publish(struct update *update) {
    struct search_index *index = update->index;
    const struct search_version *current = index_current(index);
    struct search_segment *segment = update->segment;
    struct live *full = NULL;
    struct search_version *version;
    enum status status = STATUS_OK;
    if (segment != NULL) {
        full = live_full(segment);
        status = full == NULL ? STATUS_NO_MEMORY
                              : where_reserve(&index->where, index->slots, segment->docs);
    }
    if (status == STATUS_OK)
        status = version_create(index, current->parts_count + 1, &version);
    if (status != STATUS_OK) {
        free(full);
        return status;
    }
    if (segment != NULL) {
        status = segment_register(index, segment);
        if (status != STATUS_OK) {
            free(full);
            version_free(index, version);
            return status;
        }
    }
    for (size_t i = 0; i < current->parts_count; i++) {
        struct live *live = update->lives[i] != NULL ? update->lives[i] : current->parts[i].live;
        if (live->count > 0)
            version_add(version, current->parts[i].segment, live);
        else if (update->lives[i] != NULL)
            free(update->lives[i]);
        update->lives[i] = NULL;
    }
    /* Before publishing, which may free the segments that entries point into. */
    for (size_t i = 0; i < update->gone_count; i++)
        where_remove(&index->where, index->slots, &update->gone[i]->id);
    if (segment != NULL) {
        version_add(version, segment, full);
        for (uint32_t doc = 0; doc < segment->docs; doc++)
            where_set(&index->where, index->slots, &segment->ids[doc],
                      (struct where_place){segment->slot, doc});
    }
    version_publish(index, version);
    return STATUS_OK;
}

/* ---- changes ---- */

static int compare_newest(const void *a, const void *b) {
    const struct search_change *x = *(const struct search_change *const *)a,
                               *y = *(const struct search_change *const *)b;
    int order = memcmp(x->id.bytes, y->id.bytes, sizeof x->id.bytes);
    return order != 0 ? order : (x > y) - (x < y);
}

static int compare_published(const void *a, const void *b) {
    const struct search_change *x = *(const struct search_change *const *)a,
                               *y = *(const struct search_change *const *)b;
    if (x->document->published_at_us != y->document->published_at_us)
        return x->document->published_at_us < y->document->published_at_us ? -1 : 1;
    return memcmp(x->id.bytes, y->id.bytes, sizeof x->id.bytes);
}

static enum status check_changes(const struct search_change *changes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const struct search_document *document = changes[i].document;
        if (document == NULL)
            continue;
        if (memcmp(document->id.bytes, changes[i].id.bytes, sizeof changes[i].id.bytes) != 0)
            return STATUS_INVALID;
        enum status status = document_check(document);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

/* The last change of each id stays; gives how many. */
static size_t keep_last(const struct search_change **sorted, size_t count) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (i + 1 == count ||
            memcmp(sorted[i]->id.bytes, sorted[i + 1]->id.bytes, sizeof sorted[i]->id.bytes) != 0)
            sorted[kept++] = sorted[i];
    return kept;
}

static enum status build_delta(struct search_index *index, const struct search_change **documents,
                               size_t count, struct search_segment **out) {
    struct search_builder *builder;
    enum status status = builder_create(SEGMENT_DOCS_MAX, &builder);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = search_builder_add(builder, documents[i]->document);
    struct search_segment *segment = NULL;
    if (status == STATUS_OK)
        status = search_builder_finish(builder, &segment);
    search_builder_destroy(builder);
    if (status != STATUS_OK)
        return status;
    if (index->memory_limit != 0 && index_bytes(index) + segment->memory > index->memory_limit) {
        segment_free(segment);
        return STATUS_BUSY;
    }
    *out = segment;
    return STATUS_OK;
}

static enum status apply_sorted(struct search_index *index, const struct search_change **changes,
                                size_t count) {
    struct update update;
    enum status status = update_init(&update, index);
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = update_remove(&update, &changes[i]->id);
    size_t documents = 0;
    for (size_t i = 0; i < count; i++) /* those with a document to the front */
        if (changes[i]->document != NULL) {
            const struct search_change *swap = changes[documents];
            changes[documents++] = changes[i];
            changes[i] = swap;
        }
    if (status == STATUS_OK && documents > 0) {
        qsort(changes, documents, sizeof *changes, compare_published);
        status = build_delta(index, changes, documents, &update.segment);
    }
    if (status == STATUS_OK) {
        update.gone = changes + documents;
        update.gone_count = count - documents;
        status = update_publish(&update);
        if (status != STATUS_OK)
            segment_free(update.segment);
    }
    update_deinit(&update);
    return status;
}

enum status search_index_apply(struct search_index *index, const struct search_change *changes,
                               size_t count) {
    if (count == 0)
        return STATUS_OK;
    if (count > SEGMENT_DOCS_MAX)
        return STATUS_TOO_LARGE;
    enum status status = check_changes(changes, count);
    if (status != STATUS_OK)
        return status;
    const struct search_change **sorted = memory_array(count, sizeof *sorted);
    if (sorted == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        sorted[i] = &changes[i];
    qsort(sorted, count, sizeof *sorted, compare_newest);
    status = apply_sorted(index, sorted, keep_last(sorted, count));
    free(sorted);
    if (status == STATUS_OK) {
        index->changes += count;
        index_compact(index);
    }
    return status;
}

enum status search_index_adopt(struct search_index *index, struct search_segment *segment) {
    if (segment->docs == 0) {
        segment_free(segment);
        return STATUS_OK;
    }
    struct update update;
    enum status status = update_init(&update, index);
    if (status == STATUS_OK && index->memory_limit != 0 &&
        index_bytes(index) + segment->memory > index->memory_limit)
        status = STATUS_BUSY;
    for (uint32_t doc = 0; doc < segment->docs && status == STATUS_OK; doc++)
        status = update_remove(&update, &segment->ids[doc]);
    if (status == STATUS_OK) {
        update.segment = segment;
        status = update_publish(&update);
    }
    update_deinit(&update);
    if (status != STATUS_OK)
        segment_free(segment);
    else
        index->changes += segment->docs;
    return status;
}

enum status search_index_set_lexicon(struct search_index *index, struct search_lexicon *lexicon) {
    const struct search_version *current = index_current(index);
    struct lexicon_ref *ref = NULL;
    struct search_version *version = NULL;
    enum status status = version_create(index, current->parts_count, &version);
    if (status == STATUS_OK && lexicon != NULL) {
        ref = memory_array(1, sizeof *ref);
        if (ref == NULL)
            status = STATUS_NO_MEMORY;
    }
    if (status != STATUS_OK) {
        version_free(index, version);
        search_lexicon_destroy(lexicon);
        return status;
    }
    if (version->lexicon != NULL)
        version->lexicon->refs--; /* the current version has it still */
    version->lexicon = ref;
    if (ref != NULL)
        *ref = (struct lexicon_ref){.refs = 1, .lexicon = lexicon};
    for (size_t i = 0; i < current->parts_count; i++)
        version_add(version, current->parts[i].segment, current->parts[i].live);
    version_publish(index, version);
    return STATUS_OK;
}
