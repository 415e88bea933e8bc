/* Digests of vacancies: of the index's lists, and of documents. */
#include "segreteria/search/digest.h"

#include <stdlib.h>

#include "cursor.h"
#include "memory.h"
#include "version.h"

#define SEED_TERM 1000u
#define SEED_POSITIONS 1001u
#define SEED_SCALARS 1002u

static uint64_t mix(uint64_t h) {
    h ^= h >> 33;
    h *= UINT64_C(0xff51afd7ed558ccd);
    h ^= h >> 33;
    h *= UINT64_C(0xc4ceb9fe1a85ec53);
    return h ^ h >> 33;
}

/* FNV-1a. */
static uint64_t hash_more(uint64_t h, const void *bytes, size_t len) {
    const uint8_t *at = bytes;
    for (size_t i = 0; i < len; i++)
        h = (h ^ at[i]) * UINT64_C(0x100000001b3);
    return h;
}

static uint64_t hash(unsigned seed, const void *bytes, size_t len) {
    return mix(hash_more(UINT64_C(0xcbf29ce484222325) ^ seed, bytes, len));
}

static uint64_t hash_value(unsigned kind, struct str text) {
    return hash(kind, text.ptr, text.len);
}

static uint64_t with_positions(uint64_t term, const uint8_t *from, const uint8_t *to) {
    return mix(term ^ hash(SEED_POSITIONS, from, (size_t)(to - from)));
}

static uint64_t with_tier(uint64_t term, unsigned tier) { return mix(term + tier + 1); }

struct scalars {
    int64_t published, salary_low, salary_high;
    int32_t valid_through;
    uint16_t ends[3];
};

static uint64_t hash_scalars(const struct scalars *s) {
    uint64_t h = UINT64_C(0xcbf29ce484222325) ^ SEED_SCALARS;
    h = hash_more(h, &s->published, sizeof s->published);
    h = hash_more(h, &s->salary_low, sizeof s->salary_low);
    h = hash_more(h, &s->salary_high, sizeof s->salary_high);
    h = hash_more(h, &s->valid_through, sizeof s->valid_through);
    return mix(hash_more(h, s->ends, sizeof s->ends));
}

/* ---- of a document ---- */

static bool is_repeat(const struct search_values *values, size_t at) {
    for (size_t i = 0; i < at; i++)
        if (str_eq(values->values[i], values->values[at]))
            return true;
    return false;
}

static uint64_t digest_fields(const struct search_document *document) {
    uint64_t sum = 0;
    for (unsigned field = 0; field < SEARCH_FIELDS; field++) {
        const struct search_values *values = &document->fields[field];
        for (size_t i = 0; i < values->count; i++)
            if (!is_repeat(values, i))
                sum += hash_value(field, values->values[i]);
    }
    return sum;
}

static uint64_t digest_languages(const struct search_document *document) {
    uint64_t sum = 0;
    for (size_t i = 0; i < document->languages_count; i++) {
        const struct search_language *own = &document->languages[i];
        bool code_seen = false, all_seen = false;
        for (size_t j = 0; j < i; j++) {
            const struct search_language *other = &document->languages[j];
            bool same = str_eq(own->code, other->code);
            code_seen = code_seen || same;
            all_seen = all_seen || (same && own->level == other->level && own->must == other->must);
        }
        if (!code_seen)
            sum += hash_value(SEARCH_LANGUAGE, own->code);
        uint8_t byte = (uint8_t)(own->level * 2 + own->must);
        uint64_t h = UINT64_C(0xcbf29ce484222325) ^ VALUE_REQUIREMENT;
        h = hash_more(h, own->code.ptr, own->code.len);
        if (!all_seen)
            sum += mix(hash_more(h, &byte, 1));
    }
    return sum;
}

static uint64_t digest_own_values(const struct search_document *document) {
    uint64_t sum = hash(VALUE_DICTIONARY, &document->dictionary, 1);
    if (document->office_days >= 0)
        sum += hash(VALUE_OFFICE_DAYS, &document->office_days, 1);
    size_t currency = strnlen(document->salary_currency, sizeof document->salary_currency);
    if (currency > 0)
        sum += hash(VALUE_CURRENCY, document->salary_currency, currency);
    if (document->has_place) {
        uint8_t key[PLACE_KEY_LEN];
        place_key_write(document->latitude, document->longitude, key);
        sum += hash(VALUE_PLACE, key, sizeof key);
    }
    return sum;
}

static uint64_t digest_term(const struct search_document *document,
                            const struct search_term *term) {
    uint8_t positions[CODE_POSITIONS_MAX];
    uint64_t h = UINT64_C(0xcbf29ce484222325) ^ SEED_TERM;
    h = hash_more(h, &document->dictionary, 1);
    h = mix(hash_more(h, term->lexeme.ptr, term->lexeme.len));
    if (term->count == 0 || term->count > CODE_POSITIONS_COUNT_MAX)
        return h; /* the index refuses it */
    uint64_t sum = with_positions(h, positions,
                                  code_positions_write(positions, term->positions, term->count));
    unsigned tier = 3 - SEARCH_WEIGHT(term->positions[0]);
    return tier < 3 ? sum + with_tier(h, tier) : sum;
}

static void find_ends(const struct search_document *document, uint16_t ends[3]) {
    for (size_t i = 0; i < document->terms_count; i++)
        for (size_t j = 0; j < document->terms[i].count; j++) {
            uint16_t bits = document->terms[i].positions[j];
            for (unsigned tier = 3 - SEARCH_WEIGHT(bits); tier < 3; tier++)
                if (SEARCH_POSITION(bits) > ends[tier])
                    ends[tier] = (uint16_t)SEARCH_POSITION(bits);
        }
}

uint64_t search_document_digest(const struct search_document *document) {
    bool paid = document->salary_currency[0] != '\0';
    struct scalars scalars = {.published = document->published_at_us,
                              .salary_low = paid ? document->salary_low : 0,
                              .salary_high = paid ? document->salary_high : SEARCH_KEY_NO_SALARY,
                              .valid_through = document->valid_through};
    find_ends(document, scalars.ends);
    uint64_t sum = hash_scalars(&scalars) + digest_fields(document) + digest_languages(document) +
                   digest_own_values(document);
    for (size_t i = 0; i < document->terms_count; i++)
        sum += digest_term(document, &document->terms[i]);
    return sum;
}

/* ---- of the index ---- */

static void add_list(const struct search_segment *segment, struct list list, uint64_t what,
                     uint64_t *sums) {
    struct list_reader reader = list_read(segment, list);
    while (list_next(&reader))
        sums[reader.doc] += what;
}

static void add_terms(const struct search_segment *segment, uint64_t *sums) {
    for (uint32_t i = 0; i < segment->terms_count; i++) {
        const struct term *term = &segment->terms[i];
        uint64_t h = hash(SEED_TERM, segment->keys + term->key, term[1].key - term->key);
        struct cursor cursor;
        cursor_init(&cursor, segment, i);
        while (cursor_next(&cursor))
            sums[cursor.docs.doc] += with_positions(h, cursor.positions, cursor.next);
        for (unsigned tier = 0; tier < 3 && term->tiers != TERM_NO_TIERS; tier++)
            if (segment->tiers[term->tiers].best[tier].count > 0)
                add_list(segment, segment->tiers[term->tiers].best[tier], with_tier(h, tier), sums);
    }
}

static void digest_segment(const struct search_segment *segment, uint64_t *sums) {
    for (uint32_t doc = 0; doc < segment->docs; doc++) {
        struct scalars scalars = {.published = segment->published[doc],
                                  .salary_low = segment->salary_low[doc],
                                  .salary_high = segment->salary_high[doc],
                                  .valid_through = segment->valid_through[doc]};
        memcpy(scalars.ends, segment->ends[doc], sizeof scalars.ends);
        sums[doc] = hash_scalars(&scalars);
    }
    for (unsigned kind = 0; kind < VALUE_KINDS; kind++)
        for (uint32_t value = 0; value < segment->values[kind].count; value++)
            add_list(segment, segment->values[kind].lists[value],
                     hash_value(kind, values_text(&segment->values[kind], value)), sums);
    add_terms(segment, sums);
}

enum status search_version_digests(const struct search_version *version, struct search_digest **out,
                                   size_t *count) {
    size_t made = 0;
    struct search_digest *digests = malloc((version->documents + 1) * sizeof *digests);
    uint64_t *sums = malloc(SEGMENT_DOCS_MAX * sizeof *sums);
    if (digests == NULL || sums == NULL) {
        free(digests);
        free(sums);
        return STATUS_NO_MEMORY;
    }
    for (size_t i = 0; i < version->parts_count; i++) {
        const struct part *part = &version->parts[i];
        digest_segment(part->segment, sums);
        for (uint32_t doc = 0; doc < part->segment->docs; doc++)
            if (bits_get(part->live->bits, doc) && made < version->documents)
                digests[made++] = (struct search_digest){part->segment->ids[doc], sums[doc]};
    }
    free(sums);
    *out = digests;
    *count = made;
    return STATUS_OK;
}
