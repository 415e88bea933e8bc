/* Cards of vacancies (the texts that lists show), kept as PostgreSQL rendered them, so that a page
 * of hits needs no statement for vacancies shown a moment ago. A card is known by the hit's stamp:
 * the index gives a vacancy another one with every change that is logged, so a card is as fresh as
 * the index is. Bounded; a worker's own.
 */
#ifndef SEGRETERIA_API_CARDS_H
#define SEGRETERIA_API_CARDS_H

#include <stdint.h>

#include "segreteria/core/status.h"
#include "segreteria/core/str.h"
#include "segreteria/search/query.h"

struct cards;

#define CARDS_TTL_MS 60000u

NODISCARD enum status cards_create(struct cards **out);
void cards_destroy(struct cards *cards); /* NULL is allowed */
/* STR_NONE: it is not kept. Valid until the next put. */
struct str cards_get(const struct cards *cards, struct search_stamp stamp, uint64_t now_ms);
/* Kept unless it is large. The card was read after the hit with the stamp was found. */
void cards_put(struct cards *cards, struct search_stamp stamp, struct str text, uint64_t now_ms);

#endif
