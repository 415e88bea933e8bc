/* The steps of a plan. Not for other rooms. */
#ifndef SEGRETERIA_SEARCH_PLAN_PRIVATE_H
#define SEGRETERIA_SEARCH_PLAN_PRIVATE_H

#include "segreteria/search/plan.h"

/* The words and phrases of plan->q, into plan->terms and plan->said. INVALID as plan_begin's. */
NODISCARD enum status plan_parse(struct plan *plan);
/* Puts into plan->q what stands for the words that are spelt wrong. */
NODISCARD enum status plan_replace(struct plan *plan, const struct str *wrong,
                                   const struct str *replacements, size_t wrong_count);
/* Adds "query" and "texts" to the document. */
NODISCARD enum status plan_texts(struct plan *plan, const json_t *meanings, json_t *document);
/* The folded text in the arena, NUL-terminated; INVALID: not sure. */
NODISCARD enum status plan_fold(struct arena *arena, struct str text, struct str *out);

#endif
