/* The comparison: both sides as sorted lists of (id, digest), less what changed in between. The
 * state was taken before the table is read, and what changed is asked for last, so everything that
 * is left was the same for PostgreSQL all the time. */
#include "segreteria/search/check.h"

#include <stdlib.h>

#include "feed_private.h"
#include "generated/statements.h"
#include "segreteria/db/stream.h"

#define ENTRY_BYTES 24u
#define ROW_MEMORY_MAX ((size_t)64 * 1024 * 1024)

static bool never(void *context) {
    (void)context;
    return false;
}

static enum status open_stream(const char *conninfo, const struct db_statement *statement,
                               const struct str *params, struct db_stream **out) {
    const struct db_stream_options options = {.conninfo = conninfo,
                                              .statement = statement,
                                              .binary = statement == &stmt_search_feed_load,
                                              .params = params,
                                              .cancelled = never};
    return db_stream_open(&options, out);
}

/* ---- lists ---- */

static enum status grow(void **list, size_t *capacity, size_t count, size_t size) {
    if (count < *capacity)
        return STATUS_OK;
    size_t wanted = *capacity == 0 ? 256 : *capacity * 2;
    void *bigger = realloc(*list, wanted * size);
    if (bigger == NULL)
        return STATUS_NO_MEMORY;
    *list = bigger;
    *capacity = wanted;
    return STATUS_OK;
}

static enum status note(struct search_faults *faults, enum search_fault fault,
                        const struct uuid *id) {
    size_t *count = &faults->kinds[fault].count;
    void *ids = faults->kinds[fault].ids;
    enum status status = grow(&ids, &faults->kinds[fault].capacity, *count, sizeof *id);
    faults->kinds[fault].ids = ids;
    if (status == STATUS_OK)
        faults->kinds[fault].ids[(*count)++] = *id;
    return status;
}

void search_faults_clear(struct search_faults *faults) {
    for (unsigned i = 0; i < SEARCH_FAULTS; i++)
        free(faults->kinds[i].ids);
    *faults = (struct search_faults){0};
}

size_t search_faults_count(const struct search_faults *faults) {
    size_t count = 0;
    for (unsigned i = 0; i < SEARCH_FAULTS; i++)
        count += faults->kinds[i].count;
    return count;
}

static int compare_ids(const void *a, const void *b) { return memcmp(a, b, sizeof(struct uuid)); }

/* bsearch takes no null list. */
static bool has_id(const struct uuid *ids, size_t count, const struct uuid *id) {
    return count > 0 && bsearch(id, ids, count, sizeof *ids, compare_ids) != NULL;
}

void search_faults_keep_common(struct search_faults *faults, const struct search_faults *others) {
    for (unsigned i = 0; i < SEARCH_FAULTS; i++) {
        size_t kept = 0;
        for (size_t j = 0; j < faults->kinds[i].count; j++)
            if (has_id(others->kinds[i].ids, others->kinds[i].count, &faults->kinds[i].ids[j]))
                faults->kinds[i].ids[kept++] = faults->kinds[i].ids[j];
        faults->kinds[i].count = kept;
    }
}

/* ---- the rows against their vacancies ---- */

static enum status note_row(struct search_faults *out, struct str id, struct str fault) {
    struct uuid uuid;
    enum status status = uuid_parse(id, &uuid);
    enum search_fault which = str_eq(fault, STR("missing")) ? SEARCH_MISSING
                              : str_eq(fault, STR("extra")) ? SEARCH_EXTRA
                                                            : SEARCH_DIFFERENT;
    return status == STATUS_OK ? note(out, which, &uuid) : status;
}

enum status search_check_rows(const char *conninfo, bool texts, struct search_faults *out) {
    struct db_stream *stream = NULL;
    const struct str params[] = {texts ? STR("true") : STR("false")};
    enum status status = open_stream(conninfo, &stmt_search_feed_check_rows, params, &stream);
    while (status == STATUS_OK && (status = db_stream_next(stream)) == STATUS_OK)
        status = note_row(out, db_stream_value(stream, db_stream_column(stream, "job_id")),
                          db_stream_value(stream, db_stream_column(stream, "fault")));
    db_stream_close(stream);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* ---- an index against the rows ---- */

enum status search_state_parse(struct str text, struct search_state *out) {
    struct str word, words[5] = {{0}};
    struct str head = str_from(text.ptr, str_find(text, '\n'));
    struct str rest = head;
    size_t count = 0;
    uint64_t entries;
    while (count < 5 && str_split(&rest, ' ', &word))
        words[count++] = word;
    if (count != 5 || head.len == text.len || !str_eq(words[0], STR("segreteria-search-state")) ||
        !str_eq(words[1], STR("1")) || str_to_u64(words[4], UINT32_MAX, &entries) != STATUS_OK ||
        text.len - head.len - 1 != entries * ENTRY_BYTES)
        return STATUS_INVALID;
    *out = (struct search_state){.server = words[2],
                                 .snapshot = words[3],
                                 .entries = (const uint8_t *)text.ptr + head.len + 1,
                                 .count = (size_t)entries};
    return STATUS_OK;
}

struct digests {
    struct search_digest *list;
    size_t count, capacity;
};

static int compare_digests(const void *a, const void *b) {
    const struct search_digest *x = a, *y = b;
    return memcmp(&x->id, &y->id, sizeof x->id);
}

static void sort(struct digests *digests) {
    if (digests->count > 0)
        qsort(digests->list, digests->count, sizeof *digests->list, compare_digests);
}

static enum status read_state(const struct search_state *state, struct digests *out) {
    out->list = malloc((state->count + 1) * sizeof *out->list);
    if (out->list == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < state->count; i++) {
        const uint8_t *entry = state->entries + i * ENTRY_BYTES;
        struct search_digest *digest = &out->list[i];
        memcpy(digest->id.bytes, entry, sizeof digest->id.bytes);
        digest->sum = 0;
        for (unsigned byte = 0; byte < 8; byte++)
            digest->sum |= (uint64_t)entry[16 + byte] << (8 * byte);
    }
    out->count = state->count;
    sort(out);
    return STATUS_OK;
}

static enum status digest_row(const struct db_stream *stream, const int columns[FEED_COLUMNS],
                              struct arena *arena, struct digests *out) {
    struct str values[FEED_COLUMNS];
    struct search_document document;
    for (size_t i = 0; i < FEED_COLUMNS; i++)
        values[i] = db_stream_value(stream, columns[i]);
    void *list = out->list;
    enum status status = feed_document(arena, values, true, &document);
    uint64_t sum = status == STATUS_OK ? search_document_digest(&document) : 0;
    if (status == STATUS_INVALID) /* no index takes it: it will be missing there */
        status = uuid_parse(values[COLUMN_ID], &document.id);
    if (status == STATUS_OK)
        status = grow(&list, &out->capacity, out->count, sizeof *out->list);
    out->list = list;
    if (status == STATUS_OK)
        out->list[out->count++] = (struct search_digest){document.id, sum};
    return status;
}

static enum status read_table(const char *conninfo, struct digests *out) {
    const struct db_statement *statement = &stmt_search_feed_load;
    struct str params[2];
    for (size_t i = 0; i < statement->params_count; i++)
        params[i] = strcmp(statement->params[i], "from") == 0 ? STR("-infinity") : STR("infinity");
    struct db_stream *stream = NULL;
    struct arena arena;
    int columns[FEED_COLUMNS];
    arena_init(&arena, ROW_MEMORY_MAX);
    enum status status = open_stream(conninfo, statement, params, &stream);
    while (status == STATUS_OK && (status = db_stream_next(stream)) == STATUS_OK) {
        for (size_t i = 0; out->count == 0 && i < FEED_COLUMNS; i++)
            columns[i] = db_stream_column(stream, feed_column_names[i]);
        status = digest_row(stream, columns, &arena, out);
        arena_reset(&arena);
    }
    arena_deinit(&arena);
    db_stream_close(stream);
    sort(out);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

struct changed {
    struct uuid *ids;
    size_t count, capacity;
};

static enum status take_changed(const struct db_stream *stream, const struct search_state *state,
                                struct changed *out) {
    struct str id = db_stream_value(stream, db_stream_column(stream, "job_id"));
    if (!str_eq(db_stream_value(stream, db_stream_column(stream, "server")), state->server))
        return STATUS_MISMATCH;
    if (str_eq(db_stream_value(stream, db_stream_column(stream, "purged")), STR("t")))
        return STATUS_EXISTS;
    if (str_is_none(id))
        return STATUS_OK;
    void *ids = out->ids;
    enum status status = grow(&ids, &out->capacity, out->count, sizeof *out->ids);
    out->ids = ids;
    return status == STATUS_OK ? uuid_parse(id, &out->ids[out->count++]) : status;
}

static enum status read_changed(const char *conninfo, const struct search_state *state,
                                struct changed *out) {
    struct db_stream *stream = NULL;
    char *snapshot = strndup(state->snapshot.ptr, state->snapshot.len);
    if (snapshot == NULL)
        return STATUS_NO_MEMORY;
    const struct str params[] = {str_of(snapshot)};
    enum status status = open_stream(conninfo, &stmt_search_feed_check_changed, params, &stream);
    while (status == STATUS_OK && (status = db_stream_next(stream)) == STATUS_OK)
        status = take_changed(stream, state, out);
    db_stream_close(stream);
    free(snapshot);
    if (out->count > 0)
        qsort(out->ids, out->count, sizeof *out->ids, compare_ids);
    if (status == STATUS_EXISTS) /* the log was purged */
        return STATUS_NOT_FOUND;
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status compare(const struct digests *index, const struct digests *table,
                           const struct changed *changed, struct search_faults *out) {
    enum status status = STATUS_OK;
    for (size_t i = 0, t = 0; status == STATUS_OK && (i < index->count || t < table->count);) {
        int order = i == index->count   ? 1
                    : t == table->count ? -1
                                        : compare_digests(&index->list[i], &table->list[t]);
        const struct uuid *id = order <= 0 ? &index->list[i].id : &table->list[t].id;
        bool same = order == 0 && index->list[i].sum == table->list[t].sum;
        if (!same && !has_id(changed->ids, changed->count, id))
            status = note(out,
                          order < 0   ? SEARCH_EXTRA
                          : order > 0 ? SEARCH_MISSING
                                      : SEARCH_DIFFERENT,
                          id);
        i += order <= 0;
        t += order >= 0;
    }
    return status;
}

enum status search_check_state(const char *conninfo, const struct search_state *state,
                               struct search_faults *out, struct search_check_totals *totals) {
    struct digests index = {0}, table = {0};
    struct changed changed = {0};
    enum status status = read_state(state, &index);
    if (status == STATUS_OK)
        status = read_table(conninfo, &table);
    if (status == STATUS_OK)
        status = read_changed(conninfo, state, &changed);
    if (status == STATUS_OK)
        status = compare(&index, &table, &changed, out);
    totals->table = table.count;
    totals->in_flight = changed.count;
    free(index.list);
    free(table.list);
    free(changed.ids);
    return status;
}
