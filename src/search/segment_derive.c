/* What a segment has beside its lists, made from them when all is written: columns of the fields
 * with many values, coordinates, the order of the last days, phrases of two common words.
 */
#include <stdlib.h>

#include "memory.h"
#include "writer.h"

static bool single_valued(unsigned kind) { return kind < SEARCH_LANGUAGE; }

/* The value of each vacancy, as value + 1. */
static enum status make_narrow(const struct search_segment *segment, struct values *values) {
    uint16_t *column = memory_zeroed(segment->docs, sizeof *column);
    if (column == NULL)
        return STATUS_NO_MEMORY;
    values->narrow = column;
    for (uint32_t value = 0; value < values->count; value++) {
        struct list_reader reader = list_read(segment, values->lists[value]);
        while (list_next(&reader))
            column[reader.doc] = (uint16_t)(value + 1);
    }
    return STATUS_OK;
}

static enum status make_wide(const struct search_segment *segment, struct values *values) {
    uint32_t *column = memory_zeroed(segment->docs, sizeof *column);
    if (column == NULL)
        return STATUS_NO_MEMORY;
    values->wide = column;
    for (uint32_t value = 0; value < values->count; value++) {
        struct list_reader reader = list_read(segment, values->lists[value]);
        while (list_next(&reader))
            column[reader.doc] = value + 1;
    }
    return STATUS_OK;
}

static enum status make_column(const struct search_segment *segment, struct values *values) {
    return values->count < UINT16_MAX ? make_narrow(segment, values) : make_wide(segment, values);
}

/* The values of each vacancy, one after the other. */
static enum status make_many(const struct search_segment *segment, struct values *values) {
    if (values->count > UINT16_MAX || values->pairs > UINT32_MAX)
        return STATUS_OK; /* it goes without */
    values->from = memory_zeroed((size_t)segment->docs + 1, sizeof *values->from);
    values->many = memory_array(values->pairs, sizeof *values->many);
    if (values->from == NULL || values->many == NULL)
        return STATUS_NO_MEMORY;
    for (uint32_t value = 0; value < values->count; value++) {
        struct list_reader reader = list_read(segment, values->lists[value]);
        while (list_next(&reader))
            values->from[reader.doc]++;
    }
    for (uint32_t doc = 0, before = 0; doc <= segment->docs; doc++)
        before = values->from[doc] += before; /* where its last ends */
    for (uint32_t value = values->count; value-- > 0;) {
        struct list_reader reader = list_read(segment, values->lists[value]);
        while (list_next(&reader))
            values->many[--values->from[reader.doc]] = (uint16_t)value;
    }
    return STATUS_OK;
}

/* The vacancies that have a value at all. */
static enum status make_some(struct search_segment *segment, struct writer *writer,
                             struct values *values) {
    uint64_t *bits = memory_zeroed(segment->words, sizeof *bits);
    uint32_t *docs = memory_array(segment->docs, sizeof *docs);
    enum status status = STATUS_NO_MEMORY;
    if (bits != NULL && docs != NULL) {
        for (uint32_t value = 0; value < values->count; value++)
            list_or(segment, values->lists[value], bits);
        uint32_t count = 0;
        for (size_t word = 0; word < segment->words; word++)
            for (uint64_t w = bits[word]; w != 0; w &= w - 1)
                docs[count++] = (uint32_t)(word * 64) + (uint32_t)__builtin_ctzll(w);
        status = writer_list(writer, docs, count, SEGMENT_ROW_SHARE_VALUES, &values->some);
    }
    free(bits);
    free(docs);
    return status;
}

static enum status make_places(struct search_segment *segment) {
    const struct values *values = &segment->values[VALUE_PLACE];
    segment->places = memory_array(values->count, sizeof *segment->places);
    if (segment->places == NULL)
        return STATUS_NO_MEMORY;
    for (uint32_t i = 0; i < values->count; i++)
        place_key_read(values->texts + values->offsets[i], &segment->places[i][0],
                       &segment->places[i][1]);
    return STATUS_OK;
}

struct dated {
    int32_t day;
    uint32_t doc;
};

static int compare_dated(const void *a, const void *b) {
    const struct dated *x = a, *y = b;
    if (x->day != y->day)
        return x->day < y->day ? -1 : 1;
    return (x->doc > y->doc) - (x->doc < y->doc);
}

static enum status make_days(struct search_segment *segment) {
    struct dated *dated = memory_array(segment->docs, sizeof *dated);
    if (dated == NULL)
        return STATUS_NO_MEMORY;
    uint32_t count = 0;
    for (uint32_t doc = 0; doc < segment->docs; doc++)
        if (segment->valid_through[doc] != SEARCH_DAY_NONE)
            dated[count++] = (struct dated){segment->valid_through[doc], doc};
    qsort(dated, count, sizeof *dated, compare_dated);
    segment->by_day = memory_array(count, sizeof *segment->by_day);
    if (segment->by_day != NULL)
        for (uint32_t i = 0; i < count; i++)
            segment->by_day[i] = dated[i].doc;
    segment->by_day_count = segment->by_day == NULL ? 0 : count;
    free(dated);
    return segment->by_day == NULL ? STATUS_NO_MEMORY : STATUS_OK;
}

enum status segment_derive(struct search_segment *segment, struct writer *writer) {
    for (unsigned kind = 0; kind < VALUE_KINDS; kind++) {
        struct values *values = &segment->values[kind];
        bool walked = kind < SEARCH_FIELDS && values->count > SEGMENT_COLUMN_MIN;
        enum status status = STATUS_OK;
        if (kind == VALUE_PLACE || (walked && single_valued(kind)))
            status = make_column(segment, values);
        else if (walked)
            status = make_many(segment, values);
        if (status == STATUS_OK && (kind < SEARCH_FIELDS || kind == VALUE_CURRENCY))
            status = make_some(segment, writer, values);
        if (status != STATUS_OK)
            return status;
        if (kind < SEARCH_FIELDS) {
            values->global = memory_array(values->count, sizeof *values->global);
            if (values->global == NULL)
                return STATUS_NO_MEMORY;
        }
    }
    enum status status = terms_fence(segment);
    if (status == STATUS_OK)
        status = make_places(segment);
    if (status == STATUS_OK)
        status = make_days(segment);
    return status == STATUS_OK ? pairs_make(segment, writer, &segment->pairs) : status;
}
