/* From documents to a segment. While documents come, each term and each filter value gathers its
 * vacancies as bytes; finish sorts the dictionaries and writes the lists. A document that is
 * refused leaves nothing behind: it is checked first, and what an exhausted memory left half-done
 * makes the builder useless (it says NO_MEMORY from then on).
 */
#include "builder.h"

#include <limits.h>
#include <stdlib.h>

#include "memory.h"
#include "table.h"
#include "writer.h"

/* Past this many bytes gathered a builder is full, whatever its number of documents. */
#define FULL_BYTES ((size_t)1 << 29)
#define TERMS_AT_ONCE 64u

struct row {
    struct uuid id;
    int64_t published, salary_low, salary_high;
    int32_t valid_through;
    uint16_t ends[3];
};

struct search_builder {
    struct table terms;
    struct table values[VALUE_KINDS];
    struct row *rows;
    size_t rows_count, rows_capacity;
    uint32_t docs_max;
    bool broken;
    char keys[TERMS_AT_ONCE * (SEARCH_LEXEME_LEN_MAX + 1)];
};

static enum status begin(struct search_builder *builder) {
    enum status status = table_init(&builder->terms);
    for (unsigned kind = 0; kind < VALUE_KINDS && status == STATUS_OK; kind++)
        status = table_init(&builder->values[kind]);
    return status;
}

static void end(struct search_builder *builder) {
    table_deinit(&builder->terms);
    for (unsigned kind = 0; kind < VALUE_KINDS; kind++)
        table_deinit(&builder->values[kind]);
    free(builder->rows);
    builder->rows = NULL;
    builder->rows_count = builder->rows_capacity = 0;
    builder->broken = false;
}

enum status builder_create(uint32_t docs_max, struct search_builder **out) {
    struct search_builder *builder = memory_zeroed(1, sizeof *builder);
    if (builder == NULL)
        return STATUS_NO_MEMORY;
    builder->docs_max = docs_max;
    if (begin(builder) != STATUS_OK) {
        search_builder_destroy(builder);
        return STATUS_NO_MEMORY;
    }
    *out = builder;
    return STATUS_OK;
}

void search_builder_destroy(struct search_builder *builder) {
    if (builder == NULL)
        return;
    end(builder);
    free(builder);
}

uint32_t search_builder_documents(const struct search_builder *builder) {
    return (uint32_t)builder->rows_count;
}

bool search_builder_full(const struct search_builder *builder) {
    return builder->rows_count >= builder->docs_max || builder->terms.store.bytes >= FULL_BYTES;
}

/* ---- checking ---- */

static enum status check_term(const struct search_term *term) {
    if (term->lexeme.len == 0 || term->count == 0)
        return STATUS_INVALID;
    if (term->lexeme.len > SEARCH_LEXEME_LEN_MAX || term->count > CODE_POSITIONS_COUNT_MAX)
        return STATUS_TOO_LARGE;
    for (size_t i = 1; i < term->count; i++)
        if (SEARCH_POSITION(term->positions[i]) < SEARCH_POSITION(term->positions[i - 1]) ||
            SEARCH_WEIGHT(term->positions[i]) > SEARCH_WEIGHT(term->positions[i - 1]))
            return STATUS_INVALID;
    return STATUS_OK;
}

/* Where each weight ends; INVALID when a heavier one comes after a lighter. */
static enum status weights(const struct search_document *document, uint16_t ends[3]) {
    unsigned first[4] = {UINT_MAX, UINT_MAX, UINT_MAX, UINT_MAX}, last[4] = {0};
    for (size_t i = 0; i < document->terms_count; i++) {
        const struct search_term *term = &document->terms[i];
        for (size_t j = 0; j < term->count; j++) {
            unsigned tier = 3 - SEARCH_WEIGHT(term->positions[j]);
            unsigned position = SEARCH_POSITION(term->positions[j]);
            first[tier] = position < first[tier] ? position : first[tier];
            last[tier] = position > last[tier] ? position : last[tier];
        }
    }
    unsigned end = 0;
    for (unsigned tier = 0; tier < 4; tier++) {
        /* Past 16,383 PostgreSQL counts no further: there the fields may meet in one position. */
        if (first[tier] != UINT_MAX && first[tier] <= end && end < 0x3fff)
            return STATUS_INVALID;
        end = last[tier] > end ? last[tier] : end;
        if (tier < 3)
            ends[tier] = (uint16_t)end;
    }
    return STATUS_OK;
}

static enum status check_fields(const struct search_document *document) {
    for (unsigned field = 0; field < SEARCH_FIELDS; field++) {
        const struct search_values *values = &document->fields[field];
        if (values->count > SEARCH_VALUES_MAX)
            return STATUS_TOO_LARGE;
        if ((field < SEARCH_LANGUAGE && values->count > 1) ||
            (field == SEARCH_LANGUAGE && values->count > 0))
            return STATUS_INVALID;
        for (size_t i = 0; i < values->count; i++) {
            if (values->values[i].len == 0)
                return STATUS_INVALID;
            if (values->values[i].len > SEARCH_VALUE_LEN_MAX)
                return STATUS_TOO_LARGE;
        }
    }
    if (document->languages_count > SEARCH_VALUES_MAX)
        return STATUS_TOO_LARGE;
    for (size_t i = 0; i < document->languages_count; i++) {
        const struct search_language *language = &document->languages[i];
        if (language->code.len == 0 || language->level > 100)
            return STATUS_INVALID;
        if (language->code.len > SEARCH_VALUE_LEN_MAX - 1)
            return STATUS_TOO_LARGE;
    }
    return STATUS_OK;
}

enum status document_check(const struct search_document *document) {
    if (document->dictionary >= SEARCH_DICTIONARIES_MAX || document->office_days < -1 ||
        document->office_days > 7 || document->valid_through == INT32_MIN ||
        document->published_at_us == INT64_MIN)
        return STATUS_INVALID;
    if (document->has_place && !(document->latitude >= -90 && document->latitude <= 90 &&
                                 document->longitude >= -180 && document->longitude <= 180))
        return STATUS_INVALID;
    if (document->salary_currency[0] != '\0' &&
        (document->salary_low < 0 || document->salary_high < 0))
        return STATUS_INVALID;
    if (document->terms_count > SEARCH_TERMS_MAX)
        return STATUS_TOO_LARGE;
    for (size_t i = 0; i < document->terms_count; i++) {
        enum status status = check_term(&document->terms[i]);
        if (status != STATUS_OK)
            return status;
    }
    enum status status = check_fields(document);
    uint16_t ends[3];
    return status == STATUS_OK ? weights(document, ends) : status;
}

/* ---- gathering ---- */

static enum status add_value(struct search_builder *builder, unsigned kind, struct str text) {
    struct table *table = &builder->values[kind];
    struct table_entry *entry;
    uint32_t doc = (uint32_t)builder->rows_count;
    if (table_find(table, text, table_hash(text), &entry) != STATUS_OK)
        return STATUS_NO_MEMORY;
    if (entry->last == doc && entry->count > 0)
        return STATUS_OK; /* a repeat */
    uint8_t *out = table_reserve(table, entry, CODE_NUMBER_MAX);
    if (out == NULL)
        return STATUS_NO_MEMORY;
    table_commit(entry, code_number_write(out, doc - entry->last));
    entry->last = doc;
    entry->count++;
    return STATUS_OK;
}

static enum status add_languages(struct search_builder *builder,
                                 const struct search_document *document) {
    for (size_t i = 0; i < document->languages_count; i++) {
        const struct search_language *language = &document->languages[i];
        if (add_value(builder, SEARCH_LANGUAGE, language->code) != STATUS_OK)
            return STATUS_NO_MEMORY;
        memcpy(builder->keys, language->code.ptr, language->code.len);
        builder->keys[language->code.len] = (char)(language->level * 2 + language->must);
        if (add_value(builder, VALUE_REQUIREMENT,
                      str_from(builder->keys, language->code.len + 1)) != STATUS_OK)
            return STATUS_NO_MEMORY;
    }
    return STATUS_OK;
}

static enum status add_values(struct search_builder *builder,
                              const struct search_document *document) {
    for (unsigned field = 0; field < SEARCH_FIELDS; field++)
        for (size_t i = 0; i < document->fields[field].count; i++)
            if (add_value(builder, field, document->fields[field].values[i]) != STATUS_OK)
                return STATUS_NO_MEMORY;
    if (add_languages(builder, document) != STATUS_OK)
        return STATUS_NO_MEMORY;
    char byte = (char)document->dictionary;
    if (add_value(builder, VALUE_DICTIONARY, str_from(&byte, 1)) != STATUS_OK)
        return STATUS_NO_MEMORY;
    byte = (char)document->office_days;
    if (document->office_days >= 0 &&
        add_value(builder, VALUE_OFFICE_DAYS, str_from(&byte, 1)) != STATUS_OK)
        return STATUS_NO_MEMORY;
    size_t currency = strnlen(document->salary_currency, sizeof document->salary_currency);
    if (currency > 0 && add_value(builder, VALUE_CURRENCY,
                                  str_from(document->salary_currency, currency)) != STATUS_OK)
        return STATUS_NO_MEMORY;
    if (!document->has_place)
        return STATUS_OK;
    uint8_t key[PLACE_KEY_LEN];
    place_key_write(document->latitude, document->longitude, key);
    return add_value(builder, VALUE_PLACE, str_from((const char *)key, sizeof key));
}

static enum status add_term(struct search_builder *builder, const struct search_term *term,
                            struct str key, uint32_t hash) {
    uint32_t doc = (uint32_t)builder->rows_count;
    struct table_entry *entry;
    if (table_find(&builder->terms, key, hash, &entry) != STATUS_OK)
        return STATUS_NO_MEMORY;
    if (entry->last == doc && entry->count > 0)
        return STATUS_INVALID; /* the same lexeme twice */
    uint32_t most = CODE_NUMBER_MAX + 3 + 3 * (uint32_t)term->count;
    uint8_t *out = table_reserve(&builder->terms, entry, most);
    if (out == NULL)
        return STATUS_NO_MEMORY;
    unsigned tier = 3 - SEARCH_WEIGHT(term->positions[0]);
    out = code_number_write(out, (doc - entry->last) << 2 | tier);
    table_commit(entry, code_positions_write(out, term->positions, term->count));
    entry->last = doc;
    entry->count++;
    return STATUS_OK;
}

/* Some terms at a time, so that the memory each needs is on its way before it is looked at. */
static enum status add_terms(struct search_builder *builder,
                             const struct search_document *document) {
    struct str keys[TERMS_AT_ONCE];
    uint32_t hashes[TERMS_AT_ONCE];
    for (size_t from = 0; from < document->terms_count; from += TERMS_AT_ONCE) {
        const struct search_term *terms = document->terms + from;
        size_t count = document->terms_count - from, at = 0;
        if (count > TERMS_AT_ONCE)
            count = TERMS_AT_ONCE;
        for (size_t i = 0; i < count; i++) {
            struct str lexeme = terms[i].lexeme;
            char *key = builder->keys + at;
            key[0] = (char)document->dictionary;
            memcpy(key + 1, lexeme.ptr, lexeme.len);
            at += lexeme.len + 1;
            keys[i] = str_from(key, lexeme.len + 1);
            hashes[i] = table_hash(keys[i]);
            table_fetch_slot(&builder->terms, hashes[i]);
        }
        for (size_t i = 0; i < count; i++)
            table_fetch_entry(&builder->terms, hashes[i]);
        for (size_t i = 0; i < count; i++)
            table_fetch_bytes(&builder->terms, hashes[i]);
        for (size_t i = 0; i < count; i++) {
            enum status status = add_term(builder, &terms[i], keys[i], hashes[i]);
            if (status != STATUS_OK)
                return status;
        }
    }
    return STATUS_OK;
}

static enum status check_order(const struct search_builder *builder,
                               const struct search_document *document) {
    if (builder->rows_count == 0)
        return STATUS_OK;
    const struct row *last = &builder->rows[builder->rows_count - 1];
    if (last->published != document->published_at_us)
        return last->published < document->published_at_us ? STATUS_OK : STATUS_INVALID;
    return memcmp(last->id.bytes, document->id.bytes, sizeof last->id.bytes) < 0 ? STATUS_OK
                                                                                 : STATUS_INVALID;
}

enum status search_builder_add(struct search_builder *builder,
                               const struct search_document *document) {
    if (builder->broken)
        return STATUS_NO_MEMORY;
    if (search_builder_full(builder))
        return STATUS_TOO_LARGE;
    enum status status = document_check(document);
    if (status == STATUS_OK)
        status = check_order(builder, document);
    if (status != STATUS_OK)
        return status;
    if (memory_grow((void **)&builder->rows, &builder->rows_capacity, builder->rows_count + 1,
                    sizeof *builder->rows) != STATUS_OK)
        return STATUS_NO_MEMORY;
    bool paid = document->salary_currency[0] != '\0';
    struct row row = {.id = document->id,
                      .published = document->published_at_us,
                      .salary_low = paid ? document->salary_low : 0,
                      .salary_high = paid ? document->salary_high : SEARCH_KEY_NO_SALARY,
                      .valid_through = document->valid_through};
    status = weights(document, row.ends);
    if (status == STATUS_OK)
        status = add_values(builder, document);
    if (status == STATUS_OK)
        status = add_terms(builder, document);
    if (status != STATUS_OK) {
        builder->broken = true;
        return status;
    }
    builder->rows[builder->rows_count++] = row;
    return STATUS_OK;
}

/* ---- writing ---- */

static enum status write_values(struct search_builder *builder, struct writer *writer,
                                uint32_t *docs) {
    for (unsigned kind = 0; kind < VALUE_KINDS; kind++) {
        struct table *table = &builder->values[kind];
        if (writer_value_kind(writer, (enum value_kind)kind) != STATUS_OK)
            return STATUS_NO_MEMORY;
        table_sort(table);
        for (size_t i = 0; i < table->count; i++) {
            const struct table_entry *entry = &table->entries[i];
            uint32_t count = 0, doc = UINT32_MAX, gap;
            for (struct table_chunk *chunk = entry->first; chunk != NULL; chunk = chunk->next)
                for (const uint8_t *at = chunk->bytes, *to = at + chunk->used; at < to;) {
                    at = code_number_read(at, &gap);
                    docs[count++] = doc += gap;
                }
            enum status status = writer_value(writer, table_key(entry), docs, count);
            if (status != STATUS_OK)
                return status;
        }
    }
    return STATUS_OK;
}

static enum status write_term(struct writer *writer, const struct table_entry *entry) {
    uint32_t doc = UINT32_MAX, number;
    for (struct table_chunk *chunk = entry->first; chunk != NULL; chunk = chunk->next)
        for (const uint8_t *at = chunk->bytes, *to = at + chunk->used; at < to;) {
            at = code_number_read(at, &number);
            doc += number >> 2;
            const uint8_t *positions = at;
            at = code_positions_skip(at);
            enum status status = writer_posting(writer, doc, (uint8_t)(number & 3), positions,
                                                (size_t)(at - positions));
            if (status != STATUS_OK)
                return status;
        }
    return writer_term(writer, table_key(entry));
}

static enum status write_all(struct search_builder *builder, struct writer *writer) {
    struct search_segment *segment = writer->segment;
    for (uint32_t i = 0; i < segment->docs; i++) {
        const struct row *row = &builder->rows[i];
        segment->ids[i] = row->id;
        segment->published[i] = row->published;
        segment->valid_through[i] = row->valid_through;
        segment->salary_low[i] = row->salary_low;
        segment->salary_high[i] = row->salary_high;
        memcpy(segment->ends[i], row->ends, sizeof row->ends);
    }
    uint32_t *docs = memory_array(segment->docs, sizeof *docs);
    if (docs == NULL)
        return STATUS_NO_MEMORY;
    enum status status = write_values(builder, writer, docs);
    free(docs);
    table_sort(&builder->terms);
    for (size_t i = 0; i < builder->terms.count && status == STATUS_OK; i++)
        status = write_term(writer, &builder->terms.entries[i]);
    return status;
}

enum status search_builder_finish(struct search_builder *builder, struct search_segment **out) {
    struct writer writer;
    if (builder->broken)
        return STATUS_NO_MEMORY;
    enum status status = writer_init(&writer, (uint32_t)builder->rows_count);
    if (status != STATUS_OK)
        return status;
    status = write_all(builder, &writer);
    if (status == STATUS_OK)
        status = writer_finish(&writer, out);
    writer_deinit(&writer);
    if (status != STATUS_OK) {
        builder->broken = true;
        return status;
    }
    end(builder);
    if (begin(builder) != STATUS_OK)
        builder->broken = true;
    return STATUS_OK;
}
