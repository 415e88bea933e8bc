/* The builder as the index uses it. Private to src/search. */
#ifndef SEARCH_BUILDER_H
#define SEARCH_BUILDER_H

#include "segreteria/search/index.h"

NODISCARD enum status builder_create(uint32_t docs_max, struct search_builder **out);

/* Whether it keeps the rules of document.h. */
NODISCARD enum status document_check(const struct search_document *document);

#endif
