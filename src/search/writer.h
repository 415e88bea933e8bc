/* Makes a segment: values of each kind and terms, each in ascending order, each with its vacancies
 * in ascending order. The builder (from documents) and the merge (from segments) use it. Private to
 * src/search.
 */
#ifndef SEARCH_WRITER_H
#define SEARCH_WRITER_H

#include "segment.h"

struct writer {
    struct search_segment *segment;
    size_t bytes_capacity, rows_capacity;
    size_t terms_capacity, keys_capacity, keys_len, skips_capacity, tiers_capacity;
    size_t lists_capacity, offsets_capacity, texts_capacity, texts_len; /* of the kind at work */
    enum value_kind kind;
    /* of the term at work */
    uint32_t *docs;
    size_t docs_capacity, docs_count;
    uint8_t *tiers;
    size_t tiers_room;
    uint8_t *positions;
    size_t positions_capacity, positions_len;
    struct skip *blocks;
    size_t blocks_capacity;
    uint32_t *part; /* the vacancies of one tier */
    size_t part_capacity;
    size_t memory_max; /* of bytes: offsets are 32 bits wide */
};

/* Its numeric columns (ids to ends) are the caller's to fill, for `docs` vacancies. */
NODISCARD enum status writer_init(struct writer *writer, uint32_t docs);
void writer_deinit(struct writer *writer); /* frees the segment too, unless it was finished */

NODISCARD enum status writer_value_kind(struct writer *writer, enum value_kind kind);
NODISCARD enum status writer_value(struct writer *writer, struct str text, const uint32_t *docs,
                                   uint32_t count);

/* A term's vacancies, then the term. tier: 0 to 3. positions: as codes.h has them. */
NODISCARD enum status writer_posting(struct writer *writer, uint32_t doc, uint8_t tier,
                                     const uint8_t *positions, size_t len);
/* key: the dictionary's number and the lexeme. A term without vacancies is left out. */
NODISCARD enum status writer_term(struct writer *writer, struct str key);

NODISCARD enum status writer_finish(struct writer *writer, struct search_segment **out);

/* What is derived from the lists: columns, places, days (segment_derive.c). */
NODISCARD enum status segment_derive(struct search_segment *segment, struct writer *writer);
/* Whether a list of so many is a row, for that share. */
bool writer_is_row(const struct writer *writer, uint32_t count, uint32_t share);
/* Adds a list to the segment; a row when it has a share of the vacancies, 1 / share. */
NODISCARD enum status writer_list(struct writer *writer, const uint32_t *docs, uint32_t count,
                                  uint32_t share, struct list *out);

#endif
