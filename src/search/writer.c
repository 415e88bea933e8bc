/* Makes a segment: see writer.h. */
#include "writer.h"

#include <stdlib.h>

#include "memory.h"

#define GROW(writer, array, capacity, wanted)                                                      \
    memory_grow((void **)&(array), &(writer)->capacity, wanted, sizeof *(array))

enum status writer_init(struct writer *writer, uint32_t docs) {
    *writer = (struct writer){.memory_max = LIST_ROW - 1};
    struct search_segment *segment = memory_zeroed(1, sizeof *segment);
    if (segment == NULL)
        return STATUS_NO_MEMORY;
    writer->segment = segment;
    segment->docs = docs;
    segment->words = bits_words(docs);
    segment->ids = memory_array(docs, sizeof *segment->ids);
    segment->published = memory_array(docs, sizeof *segment->published);
    segment->valid_through = memory_array(docs, sizeof *segment->valid_through);
    segment->salary_low = memory_array(docs, sizeof *segment->salary_low);
    segment->salary_high = memory_array(docs, sizeof *segment->salary_high);
    segment->ends = memory_array(docs, sizeof *segment->ends);
    if (segment->ids == NULL || segment->published == NULL || segment->valid_through == NULL ||
        segment->salary_low == NULL || segment->salary_high == NULL || segment->ends == NULL) {
        writer_deinit(writer);
        return STATUS_NO_MEMORY;
    }
    return STATUS_OK;
}

void writer_deinit(struct writer *writer) {
    segment_free(writer->segment);
    free(writer->docs);
    free(writer->tiers);
    free(writer->positions);
    free(writer->blocks);
    free(writer->part);
    *writer = (struct writer){0};
}

static enum status add_row(struct writer *writer, const uint32_t *docs, uint32_t count,
                           uint32_t *row) {
    struct search_segment *segment = writer->segment;
    size_t from = segment->rows_count * segment->words;
    if (GROW(writer, segment->rows, rows_capacity, from + segment->words) != STATUS_OK)
        return STATUS_NO_MEMORY;
    memset(segment->rows + from, 0, segment->words * sizeof *segment->rows);
    for (uint32_t i = 0; i < count; i++)
        bits_set(segment->rows + from, docs[i]);
    *row = LIST_ROW | (uint32_t)segment->rows_count++;
    return STATUS_OK;
}

bool writer_is_row(const struct writer *writer, uint32_t count, uint32_t share) {
    return count >= SEGMENT_ROW_MIN && count >= writer->segment->docs / share;
}

/* Room for `more` bytes in the segment. */
static enum status reserve_bytes(struct writer *writer, size_t more) {
    struct search_segment *segment = writer->segment;
    if (more > writer->memory_max - segment->bytes_len)
        return STATUS_TOO_LARGE;
    return GROW(writer, segment->bytes, bytes_capacity, segment->bytes_len + more);
}

/* The gaps of a sparse list; notes a skip before every SEGMENT_SKIP-th when blocks is not NULL. */
static enum status add_gaps(struct writer *writer, const uint32_t *docs, uint32_t count,
                            struct skip *blocks) {
    struct search_segment *segment = writer->segment;
    if (reserve_bytes(writer, (size_t)count * CODE_NUMBER_MAX) != STATUS_OK)
        return STATUS_NO_MEMORY;
    uint8_t *out = segment->bytes + segment->bytes_len;
    for (uint32_t i = 0, before = UINT32_MAX; i < count; before = docs[i++]) {
        if (blocks != NULL && i > 0 && i % SEGMENT_SKIP == 0)
            blocks[i / SEGMENT_SKIP - 1].docs = (uint32_t)(out - segment->bytes);
        out = code_number_write(out, docs[i] - before);
    }
    segment->bytes_len = (size_t)(out - segment->bytes);
    return STATUS_OK;
}

enum status writer_list(struct writer *writer, const uint32_t *docs, uint32_t count, uint32_t share,
                        struct list *out) {
    struct list list = {.count = count, .where = (uint32_t)writer->segment->bytes_len};
    enum status status = writer_is_row(writer, count, share)
                             ? add_row(writer, docs, count, &list.where)
                             : add_gaps(writer, docs, count, NULL);
    if (status == STATUS_OK)
        *out = list;
    return status;
}

enum status writer_value_kind(struct writer *writer, enum value_kind kind) {
    writer->kind = kind;
    writer->lists_capacity = writer->offsets_capacity = 0;
    writer->texts_capacity = writer->texts_len = 0;
    struct values *values = &writer->segment->values[kind];
    if (GROW(writer, values->offsets, offsets_capacity, 1) != STATUS_OK)
        return STATUS_NO_MEMORY;
    values->offsets[0] = 0;
    return STATUS_OK;
}

enum status writer_value(struct writer *writer, struct str text, const uint32_t *docs,
                         uint32_t count) {
    struct values *values = &writer->segment->values[writer->kind];
    if (GROW(writer, values->offsets, offsets_capacity, (size_t)values->count + 2) != STATUS_OK ||
        GROW(writer, values->lists, lists_capacity, (size_t)values->count + 1) != STATUS_OK ||
        GROW(writer, values->texts, texts_capacity, writer->texts_len + text.len + 1) != STATUS_OK)
        return STATUS_NO_MEMORY;
    if (text.len > 0)
        memcpy(values->texts + writer->texts_len, text.ptr, text.len);
    enum status status = writer_list(writer, docs, count, SEGMENT_ROW_SHARE_VALUES,
                                     &values->lists[values->count]);
    if (status != STATUS_OK)
        return status;
    writer->texts_len += text.len;
    values->offsets[++values->count] = (uint32_t)writer->texts_len;
    values->pairs += count;
    return STATUS_OK;
}

enum status writer_posting(struct writer *writer, uint32_t doc, uint8_t tier,
                           const uint8_t *positions, size_t len) {
    size_t at = writer->docs_count;
    if (GROW(writer, writer->docs, docs_capacity, at + 1) != STATUS_OK ||
        GROW(writer, writer->tiers, tiers_room, at + 1) != STATUS_OK ||
        GROW(writer, writer->positions, positions_capacity, writer->positions_len + len) !=
            STATUS_OK)
        return STATUS_NO_MEMORY;
    if (at > 0 && at % SEGMENT_SKIP == 0) {
        size_t block = at / SEGMENT_SKIP - 1;
        if (GROW(writer, writer->blocks, blocks_capacity, block + 1) != STATUS_OK)
            return STATUS_NO_MEMORY;
        writer->blocks[block] = (struct skip){.before = writer->docs[at - 1],
                                              .positions = (uint32_t)writer->positions_len};
    }
    writer->docs[at] = doc;
    writer->tiers[at] = tier;
    memcpy(writer->positions + writer->positions_len, positions, len);
    writer->positions_len += len;
    writer->docs_count++;
    return STATUS_OK;
}

static enum status add_docs(struct writer *writer, struct term *term) {
    struct search_segment *segment = writer->segment;
    uint32_t count = (uint32_t)writer->docs_count, blocks = (count - 1) / SEGMENT_SKIP;
    term->count = count;
    term->docs = (uint32_t)segment->bytes_len;
    enum status status = writer_is_row(writer, count, SEGMENT_ROW_SHARE_TERMS)
                             ? add_row(writer, writer->docs, count, &term->docs)
                             : add_gaps(writer, writer->docs, count, writer->blocks);
    if (status != STATUS_OK)
        return status;
    status = reserve_bytes(writer, writer->positions_len);
    if (status != STATUS_OK)
        return status;
    if (GROW(writer, segment->skips, skips_capacity, segment->skips_count + blocks) != STATUS_OK)
        return STATUS_NO_MEMORY;
    term->positions = (uint32_t)segment->bytes_len;
    term->skips = (uint32_t)segment->skips_count;
    memcpy(segment->bytes + segment->bytes_len, writer->positions, writer->positions_len);
    for (uint32_t i = 0; i < blocks; i++) {
        struct skip skip = writer->blocks[i];
        skip.positions += term->positions;
        segment->skips[segment->skips_count++] = skip;
    }
    segment->bytes_len += writer->positions_len;
    return STATUS_OK;
}

static enum status add_tiers(struct writer *writer, struct term *term) {
    struct search_segment *segment = writer->segment;
    size_t counts[4] = {0};
    for (size_t i = 0; i < writer->docs_count; i++)
        counts[writer->tiers[i]]++;
    term->tiers = TERM_NO_TIERS;
    if (counts[3] == writer->docs_count)
        return STATUS_OK;
    if (GROW(writer, segment->tiers, tiers_capacity, segment->tiers_count + 1) != STATUS_OK ||
        GROW(writer, writer->part, part_capacity, writer->docs_count) != STATUS_OK)
        return STATUS_NO_MEMORY;
    struct tier_lists lists = {0};
    for (uint8_t tier = 0; tier < 3; tier++) {
        uint32_t count = 0;
        for (size_t i = 0; i < writer->docs_count; i++) {
            writer->part[count] = writer->docs[i];
            count += writer->tiers[i] == tier;
        }
        enum status status = writer_list(writer, writer->part, count, SEGMENT_ROW_SHARE_TIERS,
                                         &lists.best[tier]);
        if (status != STATUS_OK)
            return status;
    }
    term->tiers = (uint32_t)segment->tiers_count;
    segment->tiers[segment->tiers_count++] = lists;
    return STATUS_OK;
}

enum status writer_term(struct writer *writer, struct str key) {
    struct search_segment *segment = writer->segment;
    if (writer->docs_count == 0)
        return STATUS_OK;
    struct term term = {.key = (uint32_t)writer->keys_len};
    if (GROW(writer, segment->terms, terms_capacity, (size_t)segment->terms_count + 2) !=
            STATUS_OK ||
        GROW(writer, segment->keys, keys_capacity, writer->keys_len + key.len) != STATUS_OK)
        return STATUS_NO_MEMORY;
    enum status status = add_docs(writer, &term);
    if (status == STATUS_OK)
        status = add_tiers(writer, &term);
    if (status != STATUS_OK)
        return status;
    memcpy(segment->keys + writer->keys_len, key.ptr, key.len);
    writer->keys_len += key.len;
    segment->terms[segment->terms_count++] = term;
    segment->terms[segment->terms_count] = (struct term){.key = (uint32_t)writer->keys_len};
    writer->docs_count = writer->positions_len = 0;
    return STATUS_OK;
}

static size_t values_memory(const struct search_segment *segment) {
    size_t bytes = 0;
    for (unsigned kind = 0; kind < VALUE_KINDS; kind++) {
        const struct values *values = &segment->values[kind];
        size_t count = values->count;
        bytes += count * (sizeof *values->offsets + sizeof *values->lists + sizeof *values->global);
        bytes += values->offsets == NULL ? 0 : values->offsets[count];
        bytes += values->narrow != NULL ? segment->docs * sizeof *values->narrow : 0;
        if (values->from != NULL)
            bytes += (segment->docs + 1) * sizeof *values->from +
                     values->pairs * sizeof *values->many;
        bytes += values->wide != NULL ? segment->docs * sizeof *values->wide : 0;
    }
    return bytes;
}

enum status writer_finish(struct writer *writer, struct search_segment **out) {
    struct search_segment *segment = writer->segment;
    enum status status = segment_derive(segment, writer);
    if (status != STATUS_OK)
        return status;
    memory_trim((void **)&segment->bytes, segment->bytes_len, 1);
    memory_trim((void **)&segment->rows, segment->rows_count * segment->words, sizeof(uint64_t));
    memory_trim((void **)&segment->terms, (size_t)segment->terms_count + 1, sizeof *segment->terms);
    memory_trim((void **)&segment->keys, writer->keys_len, 1);
    memory_trim((void **)&segment->skips, segment->skips_count, sizeof *segment->skips);
    memory_trim((void **)&segment->tiers, segment->tiers_count, sizeof *segment->tiers);
    size_t doc = sizeof *segment->ids + sizeof *segment->published +
                 sizeof *segment->valid_through + sizeof *segment->salary_low +
                 sizeof *segment->salary_high + sizeof *segment->ends;
    segment->memory = sizeof *segment + segment->bytes_len + writer->keys_len +
                      segment->rows_count * segment->words * sizeof(uint64_t) +
                      segment->terms_count * sizeof *segment->terms +
                      (segment->terms_count / SEGMENT_FENCE + 1) * sizeof *segment->fences +
                      segment->skips_count * sizeof *segment->skips +
                      segment->tiers_count * sizeof *segment->tiers + segment->docs * doc +
                      segment->by_day_count * sizeof *segment->by_day +
                      segment->values[VALUE_PLACE].count * sizeof *segment->places +
                      values_memory(segment) + pairs_memory(segment->pairs);
    if (segment->docs > SEGMENT_MEMO_MIN)
        segment->memo = memo_create(segment->memory / SEGMENT_MEMO_SHARE); /* as well without */
    *out = segment;
    writer->segment = NULL;
    writer_deinit(writer);
    return STATUS_OK;
}
