/* What has been asked of a segment and is dear to work out: what phrases of common words found, the
 * counts of facets over many vacancies, what a language's level lets through. A segment never
 * changes, so what is noted stays right; nothing is taken out before the segment goes. Readers add
 * without locks, up to a share of the segment's memory. Private to src/search.
 */
#ifndef SEARCH_MEMO_H
#define SEARCH_MEMO_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "segreteria/search/query.h"

#define MEMO_SLOTS 1024u

struct memo_entry {
    uint64_t hash;
    uint32_t key_len;
    uint32_t count;
    uint32_t noted_len;
    _Alignas(uint64_t) uint8_t bytes[]; /* what is noted, then the key */
};

struct memo {
    _Atomic(struct memo_entry *) slots[MEMO_SLOTS];
    atomic_size_t bytes;
    size_t bytes_max;
};

struct memo *memo_create(size_t bytes_max); /* NULL: no memory */
void memo_free(struct memo *memo);

/* Keys begin with a byte that tells what is noted: below 64 the dictionary of a phrase. */
#define MEMO_FACET 0xffu
#define MEMO_LANGUAGE 0xfeu
#define MEMO_KEY_MAX 1024u

/* NULL: not noted. */
const struct memo_entry *memo_find_key(struct memo *memo, const uint8_t *key, size_t key_len);
/* Notes the bytes, unless there is no room. */
void memo_add_key(struct memo *memo, const uint8_t *key, size_t key_len, uint32_t count,
                  const void *noted, size_t noted_len);

/* ---- phrases; of each match the gap and the tier are noted ---- */

const struct memo_entry *memo_find(struct memo *memo, uint8_t dictionary,
                                   const struct search_sequence *sequence);
/* Notes the matches, ascending: ordinal and, in the two highest bits, the tier from 0; unless there
 * is no room. */
void memo_add(struct memo *memo, uint8_t dictionary, const struct search_sequence *sequence,
              const uint32_t *matches, uint32_t count);
#define MEMO_TIER_SHIFT 30u
/* The matches again, in that form; room for entry->count. */
void memo_read(const struct memo_entry *entry, uint32_t *out);

#endif
