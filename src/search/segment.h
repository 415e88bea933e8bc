/* A segment: up to 262,144 vacancies, never changed once made. Vacancies have ordinals, 0 up, in
 * the order of publication (published_at, id), so that newest first is a walk from the end. Words
 * and filter values have lists of ordinals: dense ones as a row of bits, the others as byte-coded
 * gaps. Private to src/search.
 */
#ifndef SEARCH_SEGMENT_H
#define SEARCH_SEGMENT_H

#include "bits.h"
#include "codes.h"
#include "memo.h"
#include "pairs.h"
#include "segreteria/search/index.h"

#define SEGMENT_DOCS_MAX (UINT32_C(1) << 18)
/* A list is a row of bits when it has so large a share of the vacancies: of a word; of a word or a
 * phrase in one tier; of a filter's value. A row is a few times larger than gaps would be, and some
 * twenty times faster; the fewer lists of a sort there are, the more of them can be rows. */
#define SEGMENT_ROW_SHARE_TERMS 32u
#define SEGMENT_ROW_SHARE_TIERS 128u
#define SEGMENT_ROW_SHARE_VALUES 256u
#define SEGMENT_ROW_MIN 256u
/* A field of more values has a column (ordinal -> value), for facets that count by walking. */
#define SEGMENT_COLUMN_MIN 64u
/* A place in the stream of positions is noted every so many vacancies. */
#define SEGMENT_SKIP 128u
#define SEGMENT_FENCE 16u
/* Phrases are noted where more vacancies than that have all the words, in memory of a 32nd of the
 * segment's own. */
#define SEGMENT_MEMO_MIN 1024u
#define SEGMENT_MEMO_SHARE 32u

/* What has values with lists: the public fields and some of the segment's own. */
enum value_kind {
    VALUE_CURRENCY = SEARCH_FIELDS, /* of disclosed pay */
    VALUE_DICTIONARY,               /* one byte */
    VALUE_OFFICE_DAYS,              /* one byte */
    VALUE_REQUIREMENT,              /* language code, then a byte 2 * level + must */
    VALUE_PLACE,                    /* latitude and longitude in 16 bytes that sort as they do */
    VALUE_KINDS
};

struct list {
    uint32_t count;
    uint32_t where; /* LIST_ROW and the row; or the offset of the gaps */
};
#define LIST_ROW (UINT32_C(1) << 31)

struct values {
    uint32_t count;
    uint32_t *offsets; /* count + 1, into texts */
    uint8_t *texts;    /* sorted by bytes */
    struct list *lists;
    struct list some; /* vacancies with a value (public fields) */
    uint64_t pairs;   /* the sum of the lists' counts */
    uint32_t *global; /* the index-wide number of each value (public fields; set when adopted) */
    uint16_t *narrow; /* the columns: value + 1 of each vacancy, 0 none; one of them or neither */
    uint32_t *wide;
    /* The same where a vacancy may have several: its values are many[from[doc]] up to many[from[doc
     * + 1]]. */
    uint32_t *from;
    uint16_t *many;
};

struct term {
    uint32_t key; /* offset of (dictionary, lexeme); the next term's key ends it */
    uint32_t count;
    uint32_t docs;      /* as list.where */
    uint32_t positions; /* offset */
    uint32_t skips;     /* index, (count - 1) / SEGMENT_SKIP entries */
    uint32_t tiers;     /* index, or TERM_NO_TIERS: found in descriptions alone */
};
#define TERM_NO_TIERS UINT32_MAX

struct skip {
    uint32_t before;    /* the ordinal before this block's first */
    uint32_t docs;      /* offset of the first's gap (unless dense) */
    uint32_t positions; /* offset */
};

struct tier_lists {
    struct list best[3]; /* vacancies where the word's best weight is A, B, C; disjoint */
};

struct search_segment {
    uint32_t docs;
    size_t words; /* of a row of bits */
    uint8_t *bytes;
    size_t bytes_len;
    uint64_t *rows;
    size_t rows_count;

    struct uuid *ids;
    int64_t *published;
    int32_t *valid_through;
    int64_t *salary_low, *salary_high;
    uint16_t (*ends)[3]; /* the last position of weight A, of A and B, of A to C */
    uint32_t *by_day;    /* the vacancies with a last day, the earliest first */
    uint32_t by_day_count;
    double (*places)[2]; /* latitude, longitude of each VALUE_PLACE */

    struct values values[VALUE_KINDS];

    uint32_t terms_count;
    struct term *terms; /* sorted by key; one more ends the last key */
    uint8_t *keys;
    uint64_t
        *fences; /* how the key of every SEGMENT_FENCE-th term begins: eight bytes, as a number */
    struct skip *skips;
    size_t skips_count;
    struct tier_lists *tiers;
    size_t tiers_count;

    struct pairs *pairs; /* or NULL */
    struct memo *memo;   /* or NULL */
    size_t memory;       /* bytes of all this, but the memo */
    /* the writer's */
    uint64_t serial; /* no other has it, of this index or another */
    unsigned refs;
    uint32_t slot;
    bool merging;
};

void segment_free(struct search_segment *segment);

static inline bool list_is_row(struct list list) { return (list.where & LIST_ROW) != 0; }

static inline const uint64_t *list_row(const struct search_segment *segment, struct list list) {
    return segment->rows + (size_t)(list.where & ~LIST_ROW) * segment->words;
}

/* (published_at, id) of the vacancy against that key: below, equal, above 0. */
int segment_compare(const struct search_segment *segment, uint32_t doc, int64_t published,
                    const struct uuid *id);

/* What has passed its last day, out of the bits; gives how many were there. */
uint32_t segment_drop_expired(const struct search_segment *segment, int32_t today, uint64_t *bits);

/* ---- lists (list.c) ---- */

/* A list read in order. */
struct list_reader {
    const struct search_segment *segment;
    const uint64_t *row; /* NULL: gaps */
    const uint8_t *at;
    uint32_t left;
    uint32_t doc; /* the last one read; UINT32_MAX before the first */
};

struct list_reader list_read(const struct search_segment *segment, struct list list);
/* False at the end. */
static inline bool list_next(struct list_reader *reader) {
    if (reader->left == 0)
        return false;
    reader->left--;
    if (reader->row == NULL) {
        uint32_t gap;
        reader->at = code_number_read(reader->at, &gap);
        reader->doc += gap;
        return true;
    }
    uint32_t doc = reader->doc + 1, word = doc >> 6;
    uint64_t w = reader->row[word] & (~UINT64_C(0) << (doc & 63));
    while (w == 0)
        w = reader->row[++word];
    reader->doc = word * 64 + (uint32_t)__builtin_ctzll(w);
    return true;
}

void list_or(const struct search_segment *segment, struct list list, uint64_t *into);
uint32_t list_count_and(const struct search_segment *segment, struct list list,
                        const uint64_t *with);
/* The list as bits: its row, or gaps written into `room`. */
const uint64_t *list_bits(const struct search_segment *segment, struct list list, uint64_t *room);

/* ---- values ---- */

struct str values_text(const struct values *values, uint32_t value);
/* The value's number, or -1. */
int64_t values_find(const struct values *values, struct str text);
/* The first whose text is not below `text`. */
uint32_t values_lower(const struct values *values, struct str text);

/* The vacancies of the dictionary. False: there are none. */
bool values_of_dictionary(const struct search_segment *segment, uint8_t dictionary,
                          struct list *out);

/* ---- terms ---- */

/* Makes the fences, of which there is one at least. */
NODISCARD enum status terms_fence(struct search_segment *segment);
/* The number of the term, or -1. */
int64_t terms_find(const struct search_segment *segment, uint8_t dictionary, struct str lexeme);
/* The terms that begin with the prefix: *from up to, not with, *to. */
void terms_prefix(const struct search_segment *segment, uint8_t dictionary, struct str prefix,
                  uint32_t *from, uint32_t *to);
static inline struct list terms_docs(const struct term *term) {
    return (struct list){term->count, term->docs};
}

/* ---- codes of places ---- */

#define PLACE_KEY_LEN 16u
void place_key_write(double latitude, double longitude, uint8_t out[PLACE_KEY_LEN]);
void place_key_read(const uint8_t key[PLACE_KEY_LEN], double *latitude, double *longitude);

#endif
