/* The search as a plain scan over an array, by the words of docs/search.md: what the index is
 * compared with. Slow, and simple enough to be read.
 */
#ifndef HELPER_MODEL_H
#define HELPER_MODEL_H

#include "segreteria/search/query.h"

struct model {
    const struct search_document **documents;
    size_t count, capacity;
};

void model_put(struct model *model, const struct search_document *document);
void model_remove(struct model *model, const struct uuid *id);
void model_deinit(struct model *model);
void model_query(const struct model *model, const struct search_query *query, struct arena *arena,
                 struct search_result *out);

#endif
