/* Equality of JSON values (1 equals 1.0; members in any order) and the search for equal items of an
 * array. Long arrays are sorted by a seeded hash instead of compared each with each: a client can
 * send a hundred thousand items.
 */
#include <stdlib.h>

#include "schema_internal.h"

/* Up to here comparing all pairs is as fast as hashing, and needs no memory. */
#define PAIRS_MAX 12

bool value_equal(const json_t *a, const json_t *b) {
    if (json_is_number(a) && json_is_number(b)) {
        return number_compare(a, b) == 0;
    }
    if (json_typeof(a) != json_typeof(b)) {
        return false;
    }
    if (json_is_string(a)) {
        return str_eq(str_from(json_string_value(a), json_string_length(a)),
                      str_from(json_string_value(b), json_string_length(b)));
    }
    if (json_is_array(a)) {
        bool equal = json_array_size(a) == json_array_size(b);
        for (size_t i = 0; equal && i < json_array_size(a); i++) {
            equal = value_equal(json_array_get(a, i), json_array_get(b, i));
        }
        return equal;
    }
    if (json_is_object(a)) {
        bool equal = json_object_size(a) == json_object_size(b);
        const char *name;
        size_t name_len;
        json_t *value;
        json_object_keylen_foreach((json_t *)a, name, name_len, value) {
            const json_t *other = equal ? json_object_getn(b, name, name_len) : NULL;
            equal = other != NULL && value_equal(value, other);
            if (!equal) {
                break;
            }
        }
        return equal;
    }
    return true; /* null, true, false */
}

bool value_is_deeper(const json_t *value, unsigned levels) {
    if (!json_is_array(value) && !json_is_object(value)) {
        return false;
    }
    if (levels == 0) {
        return true;
    }
    bool deeper = false;
    for (size_t i = 0; !deeper && i < json_array_size(value); i++) {
        deeper = value_is_deeper(json_array_get(value, i), levels - 1);
    }
    const char *name;
    json_t *member;
    json_object_foreach((json_t *)value, name, member) {
        deeper = deeper || value_is_deeper(member, levels - 1);
    }
    return deeper;
}

static uint64_t mix(uint64_t hash, uint64_t value) {
    hash = (hash ^ value) * 0xFF51AFD7ED558CCDU;
    return hash ^ (hash >> 32);
}

static uint64_t bytes_hash(const char *bytes, size_t len, uint64_t seed) {
    uint64_t hash = mix(seed, len);
    for (; len >= 8; bytes += 8, len -= 8) {
        uint64_t word;
        memcpy(&word, bytes, 8);
        hash = mix(hash, word);
    }
    uint64_t rest = 0;
    if (len > 0) {
        memcpy(&rest, bytes, len);
    }
    return mix(hash, rest);
}

static uint64_t value_hash(const json_t *value, uint64_t seed) {
    uint64_t hash = mix(seed, 1 + (uint64_t)json_typeof(value));
    if (json_is_number(value)) {
        return number_hash(value, seed);
    }
    if (json_is_string(value)) {
        return bytes_hash(json_string_value(value), json_string_length(value), hash);
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        hash = mix(hash, value_hash(json_array_get(value, i), seed));
    }
    const char *name;
    size_t name_len;
    json_t *member;
    uint64_t sum = 0; /* of the members, since their order does not count */
    json_object_keylen_foreach((json_t *)value, name, name_len, member) {
        sum += mix(bytes_hash(name, name_len, seed), value_hash(member, seed));
    }
    return mix(hash, sum);
}

struct hashed {
    uint64_t hash;
    size_t index;
};

static int hashed_compare(const void *left, const void *right) {
    const struct hashed *a = left, *b = right;
    if (a->hash != b->hash) {
        return a->hash < b->hash ? -1 : 1;
    }
    return (a->index > b->index) - (a->index < b->index);
}

static bool find_in_pairs(const json_t *array, size_t *first, size_t *second) {
    size_t count = json_array_size(array);
    for (size_t j = 1; j < count; j++) {
        for (size_t i = 0; i < j; i++) {
            if (value_equal(json_array_get(array, i), json_array_get(array, j))) {
                *first = i;
                *second = j;
                return true;
            }
        }
    }
    return false;
}

enum status values_find_equal(const json_t *array, uint64_t seed, struct arena *arena, bool *found,
                              size_t *first, size_t *second) {
    size_t count = json_array_size(array);
    if (count <= PAIRS_MAX) {
        *found = find_in_pairs(array, first, second);
        return STATUS_OK;
    }
    struct hashed *hashed = arena_array(arena, count, sizeof *hashed);
    if (hashed == NULL) {
        return STATUS_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        hashed[i] = (struct hashed){value_hash(json_array_get(array, i), seed), i};
    }
    qsort(hashed, count, sizeof *hashed, hashed_compare);
    *found = false;
    for (size_t i = 0; i + 1 < count;
         i++) { /* a run of equal hashes holds equal values, save by rare accident */
        for (size_t j = i + 1; j < count && hashed[j].hash == hashed[i].hash; j++) {
            size_t a = hashed[i].index, b = hashed[j].index;
            if (value_equal(json_array_get(array, a), json_array_get(array, b))) {
                if (!*found || b < *second) {
                    *first = a;
                    *second = b;
                }
                *found = true;
                break; /* the rest of the run is later in the array */
            }
        }
    }
    return STATUS_OK;
}
