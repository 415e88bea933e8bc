/* What the index holds of a vacancy, as one number: made of the words with their positions and
 * tiers, the filter values, place, pay and dates, as they are in the index's own lists, and the
 * same of a document. Equal numbers: the index finds the vacancy as PostgreSQL described it. The
 * number is a sum over the parts, so that lists can be walked in any order; it has 64 bits and
 * guards against mistakes, not against somebody who wants two vacancies to look alike. It is the
 * same on every machine of the same byte order.
 */
#ifndef SEGRETERIA_SEARCH_DIGEST_H
#define SEGRETERIA_SEARCH_DIGEST_H

#include "segreteria/search/document.h"
#include "segreteria/search/index.h"

struct search_digest {
    struct uuid id;
    uint64_t sum;
};

uint64_t search_document_digest(const struct search_document *document);
/* Of every vacancy of the version, in any order; free() them. Walks the whole index: about three
 * seconds for a million vacancies. NO_MEMORY. */
NODISCARD enum status search_version_digests(const struct search_version *version,
                                             struct search_digest **out, size_t *count);

#endif
