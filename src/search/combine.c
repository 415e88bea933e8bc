/* Several segments made one. Their dictionaries are walked side by side in order; each term's or
 * value's lists are merged by the new ordinals, positions copied as they are.
 */
#include "combine.h"

#include <stdlib.h>

#include "cursor.h"
#include "memory.h"
#include "writer.h"

struct combining {
    struct combine_source *sources;
    unsigned count;
    struct writer writer;
    uint32_t *docs; /* room for one list */
};

/* The new ordinals: all vacancies by (published_at, id). */
static enum status number(struct combining *c) {
    struct search_segment *segment = c->writer.segment;
    int64_t heads[COMBINE_MAX];
    for (unsigned i = 0; i < c->count; i++) {
        struct combine_source *source = &c->sources[i];
        source->moved = memory_array(source->segment->docs, sizeof *source->moved);
        if (source->moved == NULL)
            return STATUS_NO_MEMORY;
        memset(source->moved, 0xff, source->segment->docs * sizeof *source->moved);
        heads[i] = bits_previous(source->live, source->segment->docs);
    }
    for (uint32_t doc = segment->docs; doc-- > 0;) {
        int newest = -1;
        for (unsigned i = 0; i < c->count; i++) {
            if (heads[i] < 0)
                continue;
            const struct search_segment *own = c->sources[i].segment;
            if (newest < 0 || segment_compare(c->sources[newest].segment, (uint32_t)heads[newest],
                                              own->published[heads[i]], &own->ids[heads[i]]) < 0)
                newest = (int)i;
        }
        if (newest < 0)
            return STATUS_INTERNAL;
        const struct search_segment *from = c->sources[newest].segment;
        uint32_t old = (uint32_t)heads[newest];
        c->sources[newest].moved[old] = doc;
        heads[newest] = bits_previous(c->sources[newest].live, heads[newest]);
        segment->ids[doc] = from->ids[old];
        segment->published[doc] = from->published[old];
        segment->valid_through[doc] = from->valid_through[old];
        segment->salary_low[doc] = from->salary_low[old];
        segment->salary_high[doc] = from->salary_high[old];
        memcpy(segment->ends[doc], from->ends[old], sizeof segment->ends[doc]);
    }
    return STATUS_OK;
}

/* ---- values ---- */

static int compare(struct str a, struct str b) {
    size_t shared = a.len < b.len ? a.len : b.len;
    bool empty = shared == 0 || a.ptr == NULL || b.ptr == NULL;
    int order = empty ? 0 : memcmp(a.ptr, b.ptr, shared);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* The next vacancy of a list that is taken, as its new ordinal; COMBINE_GONE at the end. */
static uint32_t next_moved(struct list_reader *reader, const uint32_t *moved) {
    while (list_next(reader))
        if (moved[reader->doc] != COMBINE_GONE)
            return moved[reader->doc];
    return COMBINE_GONE;
}

static enum status combine_value(struct combining *c, enum value_kind kind, struct str text,
                                 uint32_t at[COMBINE_MAX]) {
    struct list_reader readers[COMBINE_MAX];
    uint32_t heads[COMBINE_MAX], count = 0;
    for (unsigned i = 0; i < c->count; i++) {
        const struct search_segment *own = c->sources[i].segment;
        const struct values *values = &own->values[kind];
        heads[i] = COMBINE_GONE;
        if (at[i] < values->count && compare(values_text(values, at[i]), text) == 0) {
            readers[i] = list_read(own, values->lists[at[i]++]);
            heads[i] = next_moved(&readers[i], c->sources[i].moved);
        }
    }
    for (;;) {
        unsigned first = 0;
        for (unsigned i = 1; i < c->count; i++)
            if (heads[i] < heads[first])
                first = i;
        if (heads[first] == COMBINE_GONE)
            break;
        c->docs[count++] = heads[first];
        heads[first] = next_moved(&readers[first], c->sources[first].moved);
    }
    return count == 0 ? STATUS_OK : writer_value(&c->writer, text, c->docs, count);
}

static enum status combine_values(struct combining *c, enum value_kind kind) {
    uint32_t at[COMBINE_MAX] = {0};
    if (writer_value_kind(&c->writer, kind) != STATUS_OK)
        return STATUS_NO_MEMORY;
    for (;;) {
        struct str least = STR_NONE;
        for (unsigned i = 0; i < c->count; i++) {
            const struct values *values = &c->sources[i].segment->values[kind];
            if (at[i] == values->count)
                continue;
            struct str text = values_text(values, at[i]);
            if (str_is_none(least) || compare(text, least) < 0)
                least = text;
        }
        if (str_is_none(least))
            return STATUS_OK;
        enum status status = combine_value(c, kind, least, at);
        if (status != STATUS_OK)
            return status;
    }
}

/* ---- terms ---- */

struct term_head {
    struct cursor cursor;
    struct list_reader tiers[3];
    uint32_t doc; /* the new ordinal, or COMBINE_GONE */
};

static void head_next(struct term_head *head, const uint32_t *moved) {
    while (cursor_next(&head->cursor))
        if (moved[head->cursor.docs.doc] != COMBINE_GONE) {
            head->doc = moved[head->cursor.docs.doc];
            return;
        }
    head->doc = COMBINE_GONE;
}

static void head_init(struct term_head *head, const struct combine_source *source, uint32_t term) {
    const struct search_segment *segment = source->segment;
    cursor_init(&head->cursor, segment, term);
    uint32_t tiers = segment->terms[term].tiers;
    for (unsigned tier = 0; tier < 3; tier++) {
        struct list list = {0};
        if (tiers != TERM_NO_TIERS)
            list = segment->tiers[tiers].best[tier];
        head->tiers[tier] = (struct list_reader){.doc = COMBINE_GONE};
        if (list.count > 0) {
            head->tiers[tier] = list_read(segment, list);
            (void)list_next(&head->tiers[tier]);
        }
    }
    head_next(head, source->moved);
}

static uint8_t head_tier(struct term_head *head) {
    uint32_t doc = head->cursor.docs.doc;
    for (uint8_t tier = 0; tier < 3; tier++) {
        struct list_reader *reader = &head->tiers[tier];
        while (reader->doc < doc)
            if (!list_next(reader))
                reader->doc = COMBINE_GONE;
        if (reader->doc == doc)
            return tier;
    }
    return 3;
}

static struct str term_text(const struct search_segment *segment, uint32_t term) {
    uint32_t from = segment->terms[term].key;
    return str_from((const char *)segment->keys + from, segment->terms[term + 1].key - from);
}

static enum status combine_term(struct combining *c, struct str key, uint32_t at[COMBINE_MAX]) {
    struct term_head heads[COMBINE_MAX];
    unsigned open[COMBINE_MAX], opened = 0;
    for (unsigned i = 0; i < c->count; i++) {
        const struct search_segment *own = c->sources[i].segment;
        if (at[i] < own->terms_count && compare(term_text(own, at[i]), key) == 0) {
            head_init(&heads[i], &c->sources[i], at[i]++);
            open[opened++] = i;
        }
    }
    if (opened == 0)
        return STATUS_INTERNAL;
    for (;;) {
        unsigned first = open[0];
        for (unsigned i = 1; i < opened; i++)
            if (heads[open[i]].doc < heads[first].doc)
                first = open[i];
        struct term_head *head = &heads[first];
        if (head->doc == COMBINE_GONE)
            return writer_term(&c->writer, key);
        const uint8_t *positions = head->cursor.positions;
        enum status status = writer_posting(&c->writer, head->doc, head_tier(head), positions,
                                            (size_t)(head->cursor.next - positions));
        if (status != STATUS_OK)
            return status;
        head_next(head, c->sources[first].moved);
    }
}

static enum status combine_terms(struct combining *c) {
    uint32_t at[COMBINE_MAX] = {0};
    for (;;) {
        struct str least = STR_NONE;
        for (unsigned i = 0; i < c->count; i++) {
            const struct search_segment *own = c->sources[i].segment;
            if (at[i] == own->terms_count)
                continue;
            struct str key = term_text(own, at[i]);
            if (str_is_none(least) || compare(key, least) < 0)
                least = key;
        }
        if (str_is_none(least))
            return STATUS_OK;
        enum status status = combine_term(c, least, at);
        if (status != STATUS_OK)
            return status;
    }
}

enum status combine(struct combine_source *sources, unsigned count, uint32_t docs,
                    struct search_segment **out) {
    struct combining c = {.sources = sources, .count = count};
    for (unsigned i = 0; i < count; i++)
        sources[i].moved = NULL;
    enum status status = writer_init(&c.writer, docs);
    if (status == STATUS_OK)
        status = number(&c);
    if (status == STATUS_OK) {
        c.docs = memory_array(docs, sizeof *c.docs);
        status = c.docs == NULL ? STATUS_NO_MEMORY : STATUS_OK;
    }
    for (unsigned kind = 0; kind < VALUE_KINDS && status == STATUS_OK; kind++)
        status = combine_values(&c, (enum value_kind)kind);
    if (status == STATUS_OK)
        status = combine_terms(&c);
    if (status == STATUS_OK)
        status = writer_finish(&c.writer, out);
    writer_deinit(&c.writer);
    free(c.docs);
    if (status != STATUS_OK)
        for (unsigned i = 0; i < count; i++) {
            free(sources[i].moved);
            sources[i].moved = NULL;
        }
    return status;
}
