/* Versions: made, published, freed when no reader is inside. */
#include "version.h"

#include <stdlib.h>

#include "memory.h"

/* ---- parts ---- */

struct live *live_full(const struct search_segment *segment) {
    struct live *live = memory_array(1, sizeof *live + segment->words * sizeof *live->bits);
    if (live == NULL)
        return NULL;
    live->refs = 0;
    live->count = segment->docs;
    bits_fill(live->bits, segment->docs, segment->words);
    return live;
}

struct live *live_copy(const struct search_segment *segment, const struct live *live) {
    size_t size = sizeof *live + segment->words * sizeof *live->bits;
    struct live *copy = memory_array(1, size);
    if (copy == NULL)
        return NULL;
    memcpy(copy, live, size);
    copy->refs = 0;
    return copy;
}

void live_release(struct live *live) {
    if (live->refs <= 1)
        free(live);
    else
        live->refs--;
}

void segment_release(struct search_index *index, struct search_segment *segment) {
    if (segment->refs > 1) {
        segment->refs--;
        return;
    }
    index->slots[segment->slot] = NULL;
    index->segments_memory -= segment->memory;
    segment_free(segment);
}

static enum status number_segment(struct search_index *index, struct search_segment *segment) {
    /* Slot 0 stays empty: an entry of `where` is never 0. */
    for (uint32_t slot = 1; slot < SLOTS_MAX; slot++)
        if (index->slots[slot] == NULL) {
            index->slots[slot] = segment;
            segment->slot = slot;
            segment->serial = ++index->serials;
            return STATUS_OK;
        }
    return STATUS_BUSY;
}

enum status segment_register(struct search_index *index, struct search_segment *segment) {
    for (unsigned field = 0; field < SEARCH_FIELDS; field++) {
        struct values *values = &segment->values[field];
        for (uint32_t i = 0; i < values->count; i++) {
            enum status status = intern_add(&index->intern[field], values_text(values, i),
                                            &values->global[i]);
            if (status != STATUS_OK)
                return status;
        }
    }
    enum status status = number_segment(index, segment);
    if (status == STATUS_OK)
        index->segments_memory += segment->memory;
    return status;
}

/* ---- versions ---- */

enum status version_create(struct search_index *index, size_t parts, struct search_version **out) {
    struct search_version *version = memory_zeroed(1, sizeof *version);
    if (version == NULL)
        return STATUS_NO_MEMORY;
    version->parts = memory_array(parts, sizeof *version->parts);
    if (version->parts == NULL) {
        free(version);
        return STATUS_NO_MEMORY;
    }
    version->index = index;
    const struct search_version *current = index_current(index);
    if (current != NULL && current->lexicon != NULL) {
        version->lexicon = current->lexicon;
        version->lexicon->refs++;
    }
    *out = version;
    return STATUS_OK;
}

void version_add(struct search_version *version, struct search_segment *segment,
                 struct live *live) {
    segment->refs++;
    live->refs++;
    version->parts[version->parts_count++] = (struct part){segment, live};
    version->documents += live->count;
}

void version_free(struct search_index *index, struct search_version *version) {
    if (version == NULL)
        return;
    for (size_t i = 0; i < version->parts_count; i++) {
        live_release(version->parts[i].live);
        segment_release(index, version->parts[i].segment);
    }
    if (version->lexicon != NULL && --version->lexicon->refs == 0) {
        search_lexicon_destroy(version->lexicon->lexicon);
        free(version->lexicon);
    }
    free(version->parts);
    free(version);
}

void version_publish(struct search_index *index, struct search_version *version) {
    for (unsigned field = 0; field < SEARCH_FIELDS; field++)
        version->values[field] = index->intern[field].count;
    struct search_version *before = atomic_exchange(&index->current, version);
    if (before != NULL) {
        before->older = index->former;
        index->former = before;
        index->former_count++;
    }
    search_index_reclaim(index);
}

static bool is_inside(const struct search_index *index, const struct search_version *version) {
    for (unsigned i = 0; i < index->readers_max; i++)
        if (atomic_load(&index->readers[i].inside) == version)
            return true;
    return false;
}

void search_index_reclaim(struct search_index *index) {
    for (struct search_version **at = &index->former; *at != NULL;) {
        struct search_version *version = *at;
        if (is_inside(index, version)) {
            at = &version->older;
            continue;
        }
        *at = version->older;
        index->former_count--;
        version_free(index, version);
    }
}

/* ---- readers ---- */

enum status search_reader_register(struct search_index *index, struct search_reader **out) {
    for (unsigned i = 0; i < index->readers_max; i++) {
        bool taken = false;
        if (atomic_compare_exchange_strong(&index->readers[i].taken, &taken, true)) {
            *out = &index->readers[i];
            return STATUS_OK;
        }
    }
    return STATUS_BUSY;
}

void search_reader_unregister(struct search_reader *reader) {
    if (reader != NULL)
        atomic_store(&reader->taken, false);
}

/* The version is noted before it is used, and looked at again after: had it been replaced in
 * between, the writer might not have seen the note. */
const struct search_version *search_reader_enter(struct search_reader *reader) {
    struct search_version *version = atomic_load(&reader->index->current);
    for (;;) {
        atomic_store(&reader->inside, version);
        struct search_version *again = atomic_load(&reader->index->current);
        if (again == version)
            return version;
        version = again;
    }
}

void search_reader_leave(struct search_reader *reader) { atomic_store(&reader->inside, NULL); }

uint64_t search_version_documents(const struct search_version *version) {
    return version->documents;
}

const struct search_lexicon *search_version_lexicon(const struct search_version *version) {
    return version->lexicon == NULL ? NULL : version->lexicon->lexicon;
}
