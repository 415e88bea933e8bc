/* A segment's dictionaries (of words and of filter values), and its end. */
#include "segment.h"

#include <stdlib.h>

#include "memory.h"

void segment_free(struct search_segment *segment) {
    if (segment == NULL)
        return;
    for (unsigned kind = 0; kind < VALUE_KINDS; kind++) {
        struct values *values = &segment->values[kind];
        free(values->offsets);
        free(values->texts);
        free(values->lists);
        free(values->global);
        free(values->narrow);
        free(values->wide);
        free(values->from);
        free(values->many);
    }
    free(segment->bytes);
    free(segment->rows);
    free(segment->ids);
    free(segment->published);
    free(segment->valid_through);
    free(segment->salary_low);
    free(segment->salary_high);
    free(segment->ends);
    free(segment->by_day);
    free(segment->places);
    free(segment->terms);
    free(segment->keys);
    free(segment->fences);
    free(segment->skips);
    free(segment->tiers);
    free(segment->pairs);
    memo_free(segment->memo);
    free(segment);
}

void search_segment_discard(struct search_segment *segment) { segment_free(segment); }

int segment_compare(const struct search_segment *segment, uint32_t doc, int64_t published,
                    const struct uuid *id) {
    if (segment->published[doc] != published)
        return segment->published[doc] < published ? -1 : 1;
    return memcmp(segment->ids[doc].bytes, id->bytes, sizeof id->bytes);
}

uint32_t segment_drop_expired(const struct search_segment *segment, int32_t today, uint64_t *bits) {
    uint32_t dropped = 0;
    for (uint32_t i = 0; i < segment->by_day_count; i++) {
        uint32_t doc = segment->by_day[i];
        if (segment->valid_through[doc] >= today)
            break;
        dropped += bits_get(bits, doc);
        bits_clear(bits, doc);
    }
    return dropped;
}

static int compare_bytes(struct str a, struct str b) {
    size_t shared = a.len < b.len ? a.len : b.len;
    int order = shared == 0 ? 0 : memcmp(a.ptr, b.ptr, shared);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

struct str values_text(const struct values *values, uint32_t value) {
    uint32_t from = values->offsets[value];
    return str_from((const char *)values->texts + from, values->offsets[value + 1] - from);
}

uint32_t values_lower(const struct values *values, struct str text) {
    uint32_t low = 0, high = values->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (compare_bytes(values_text(values, middle), text) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int64_t values_find(const struct values *values, struct str text) {
    uint32_t at = values_lower(values, text);
    return at < values->count && str_eq(values_text(values, at), text) ? (int64_t)at : -1;
}

bool values_of_dictionary(const struct search_segment *segment, uint8_t dictionary,
                          struct list *out) {
    const struct values *values = &segment->values[VALUE_DICTIONARY];
    int64_t own = values_find(values, str_from((const char *)&dictionary, 1));
    if (own >= 0)
        *out = values->lists[own];
    return own >= 0;
}

static struct str term_key(const struct search_segment *segment, uint32_t term) {
    uint32_t from = segment->terms[term].key;
    return str_from((const char *)segment->keys + from, segment->terms[term + 1].key - from);
}

/* A key against (dictionary, lexeme); with `prefix`, keys that begin with it are equal to it. */
static int compare_key(struct str key, uint8_t dictionary, struct str lexeme, bool prefix) {
    uint8_t own = (uint8_t)key.ptr[0];
    if (own != dictionary)
        return own < dictionary ? -1 : 1;
    struct str rest = str_from(key.ptr + 1, key.len - 1);
    if (prefix && rest.len > lexeme.len)
        rest.len = lexeme.len;
    return compare_bytes(rest, lexeme);
}

/* ---- fences: most of a search for a term looks at them alone ---- */

#define FENCE_BYTES 8u

/* How a key begins, filled up with `filler`: keys stand in the order of these numbers. */
static uint64_t fence_of(const uint8_t *bytes, size_t len, uint8_t filler) {
    uint64_t fence = 0;
    for (size_t i = 0; i < FENCE_BYTES; i++)
        fence = fence << 8 | (i < len ? bytes[i] : filler);
    return fence;
}

enum status terms_fence(struct search_segment *segment) {
    size_t count = segment->terms_count / SEGMENT_FENCE + 1;
    segment->fences = memory_zeroed(count, sizeof *segment->fences);
    if (segment->fences == NULL)
        return STATUS_NO_MEMORY;
    for (uint32_t term = 0; term < segment->terms_count; term += SEGMENT_FENCE) {
        struct str key = term_key(segment, term);
        segment->fences[term / SEGMENT_FENCE] = fence_of((const uint8_t *)key.ptr, key.len, 0);
    }
    return STATUS_OK;
}

/* How many fences are below the number (or not above it). */
static uint32_t fences_below(const struct search_segment *segment, uint64_t fence, bool or_equal) {
    uint32_t low = 0, high = (segment->terms_count + SEGMENT_FENCE - 1) / SEGMENT_FENCE;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (segment->fences[middle] < fence || (or_equal && segment->fences[middle] == fence))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Between which terms the key's place is. */
static void terms_between(const struct search_segment *segment, uint8_t dictionary,
                          struct str lexeme, bool past_prefix, uint32_t *low, uint32_t *high) {
    uint8_t key[FENCE_BYTES] = {dictionary};
    size_t len = lexeme.len < FENCE_BYTES - 1 ? lexeme.len : FENCE_BYTES - 1;
    if (len > 0)
        memcpy(key + 1, lexeme.ptr, len);
    uint32_t before = fences_below(segment, fence_of(key, len + 1, 0), false);
    uint64_t last = fence_of(key, len + 1, past_prefix ? UINT8_MAX : 0);
    uint32_t after = fences_below(segment, last, true) * SEGMENT_FENCE;
    *low = before == 0 ? 0 : (before - 1) * SEGMENT_FENCE;
    *high = after < segment->terms_count ? after : segment->terms_count;
}

static uint32_t terms_lower(const struct search_segment *segment, uint8_t dictionary,
                            struct str lexeme, bool past_prefix) {
    uint32_t low, high;
    terms_between(segment, dictionary, lexeme, past_prefix, &low, &high);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = compare_key(term_key(segment, middle), dictionary, lexeme, past_prefix);
        if (order < 0 || (past_prefix && order == 0))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int64_t terms_find(const struct search_segment *segment, uint8_t dictionary, struct str lexeme) {
    uint32_t at = terms_lower(segment, dictionary, lexeme, false);
    if (at == segment->terms_count ||
        compare_key(term_key(segment, at), dictionary, lexeme, false) != 0)
        return -1;
    return at;
}

void terms_prefix(const struct search_segment *segment, uint8_t dictionary, struct str prefix,
                  uint32_t *from, uint32_t *to) {
    *from = terms_lower(segment, dictionary, prefix, false);
    *to = terms_lower(segment, dictionary, prefix, true);
}

/* Bits of a double so that unsigned order is numeric order, the greatest byte first. */
static void sortable_write(double value, uint8_t out[8]) {
    uint64_t bits;
    value += 0.0; /* -0 is 0 */
    memcpy(&bits, &value, sizeof bits);
    bits = bits >> 63 != 0 ? ~bits : bits | UINT64_C(1) << 63;
    for (unsigned i = 0; i < 8; i++)
        out[i] = (uint8_t)(bits >> (56 - 8 * i));
}

static double sortable_read(const uint8_t in[8]) {
    uint64_t bits = 0;
    for (unsigned i = 0; i < 8; i++)
        bits = bits << 8 | in[i];
    bits = bits >> 63 != 0 ? bits & ~(UINT64_C(1) << 63) : ~bits;
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

void place_key_write(double latitude, double longitude, uint8_t out[PLACE_KEY_LEN]) {
    sortable_write(latitude, out);
    sortable_write(longitude, out + 8);
}

void place_key_read(const uint8_t key[PLACE_KEY_LEN], double *latitude, double *longitude) {
    *latitude = sortable_read(key);
    *longitude = sortable_read(key + 8);
}
