/* An index of random vacancies that come in batches, and the same vacancies in an array. */
#ifndef HELPER_FILLED_H
#define HELPER_FILLED_H

#include <stdlib.h>

#include "helper_corpus.h"
#include "segreteria/search/index.h"

#define FILLED 2500u

struct filled {
    struct corpus corpus;
    struct search_index *index;
    struct search_reader *reader;
    struct search_scratch *scratch;
    struct arena arena, answers;
    const struct search_document *documents[FILLED];
    bool gone[FILLED];
};

/* Or the end of the program. */
static inline void *need(void *memory) {
    if (memory == NULL)
        abort();
    return memory;
}

bool filled_init(struct filled *filled);
void filled_deinit(struct filled *filled);
bool filled_is_open(const struct filled *filled, unsigned i, int32_t today);
/* Takes one in so many out of the index. */
void filled_remove(struct filled *filled, unsigned one_in);

#endif
