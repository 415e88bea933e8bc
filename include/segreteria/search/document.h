/* What the search index holds of one published vacancy. Whoever feeds the index fills this record
 * from PostgreSQL, which has done the language work: the words are the lexemes of the vacancy's
 * stored tsvector. The index copies what it keeps; nothing here needs to outlive the call.
 */
#ifndef SEGRETERIA_SEARCH_DOCUMENT_H
#define SEGRETERIA_SEARCH_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "segreteria/core/arena.h"
#include "segreteria/core/status.h"
#include "segreteria/core/str.h"
#include "segreteria/core/uuid.h"

/* What is filtered by equality and counted in facets. Values are opaque bytes, compared exactly:
 * whoever fills and asks agrees on their form (codes, a company's id as text, a city's name). */
enum search_field {
    SEARCH_ROLE,
    SEARCH_EMPLOYMENT_TYPE,
    SEARCH_CONTRACT,
    SEARCH_WORK_MODE,
    SEARCH_CONFIDENTIALITY,
    SEARCH_COUNTRY,
    SEARCH_REGION,
    SEARCH_CITY,
    SEARCH_COMPANY,
    SEARCH_LANGUAGE, /* the languages required, must and nice; filled by the index from `languages`
                      */
    SEARCH_TOOL,
    SEARCH_SOFT_SKILL,
    SEARCH_DUTY,
    SEARCH_FIELDS
};

/* A tsvector's position and weight as PostgreSQL packs them: 14 bits of position (from 1), above
 * them two bits of weight, 3 = A ... 0 = D. */
typedef uint16_t search_position_bits;
#define SEARCH_POSITION(bits) ((unsigned)(bits)&0x3fffu)
#define SEARCH_WEIGHT(bits) ((unsigned)(bits) >> 14)
#define SEARCH_POSITION_BITS(position, weight)                                                     \
    ((search_position_bits)(((unsigned)(weight) << 14) | (unsigned)(position)))

struct search_term {
    struct str lexeme;
    const uint16_t *positions; /* search_position_bits, ascending by position */
    size_t count;              /* 1 to 256 */
};

struct search_language {
    struct str code;
    uint8_t level; /* 1 = A1 ... 6 = C2 */
    bool must;     /* else nice to have */
};

struct search_values {
    const struct str *values;
    size_t count;
};

#define SEARCH_DICTIONARIES_MAX 64
#define SEARCH_DAY_NONE INT32_MAX

struct search_document {
    struct uuid id;
    int64_t published_at_us; /* Unix time in microseconds, as PostgreSQL keeps it */
    int32_t valid_through;   /* last day on which it is open, days since 1970-01-01; or DAY_NONE */
    uint8_t dictionary;      /* which dictionary made the lexemes; the feeder numbers them */
    int8_t office_days;      /* it asks for, 0 to 7; -1 unknown: passes no filter */
    bool has_place;          /* latitude and longitude are known */
    double latitude, longitude; /* degrees */

    /* Pay made comparable: a year's, in whole units of the currency, at least 0. Undisclosed:
     * salary_currency is empty. */
    char salary_currency[4];
    int64_t salary_low, salary_high;

    struct search_values fields[SEARCH_FIELDS]; /* the first nine hold at most one value */
    const struct search_language *languages;
    size_t languages_count;

    /* Sorted in any order, without repeats. In one vacancy the positions of a heavier weight come
     * before those of a lighter (setweight(title, 'A') || setweight(role, 'B') || ...); else
     * adding it is INVALID. */
    const struct search_term *terms;
    size_t terms_count;
};

/* What a vacancy may bring; more is TOO_LARGE. Bytes, or entries. */
#define SEARCH_VALUE_LEN_MAX 512
#define SEARCH_VALUES_MAX 200
#define SEARCH_LEXEME_LEN_MAX 2046
#define SEARCH_TERMS_MAX 100000

/* The terms of a tsvector's text form ('lexem':1A,2B 'other':3): the array and the lexemes in the
 * arena. INVALID on anything that PostgreSQL would not write, and on a lexeme without positions. */
NODISCARD enum status search_terms_parse(struct arena *arena, struct str tsvector,
                                         const struct search_term **terms, size_t *count);
/* The same of its binary form (a count; each lexeme, NUL, its number of positions, these; numbers
 * with the highest byte first). The lexemes stay where they are. */
NODISCARD enum status search_terms_receive(struct arena *arena, struct str tsvector,
                                           const struct search_term **terms, size_t *count);

#endif
