/* An index of random vacancies: see helper_filled.h. */
#include "helper_filled.h"

#define BATCH 50u

bool filled_init(struct filled *filled) {
    struct search_options options = {.readers_max = 4};
    struct search_change changes[BATCH];
    filled->corpus = corpus_small(11);
    arena_init(&filled->arena, (size_t)1 << 30);
    arena_init(&filled->answers, (size_t)1 << 30);
    if (search_index_create(&options, &filled->index) != STATUS_OK ||
        search_reader_register(filled->index, &filled->reader) != STATUS_OK ||
        search_scratch_create(&filled->scratch) != STATUS_OK)
        return false;
    for (unsigned i = 0; i < FILLED; i++) {
        filled->documents[i] = corpus_document(&filled->corpus, &filled->arena);
        changes[i % BATCH] = (struct search_change){filled->documents[i]->id, filled->documents[i]};
        if (i % BATCH == BATCH - 1 &&
            search_index_apply(filled->index, changes, BATCH) != STATUS_OK)
            return false;
    }
    return true;
}

void filled_deinit(struct filled *filled) {
    search_reader_unregister(filled->reader);
    search_scratch_destroy(filled->scratch);
    search_index_destroy(filled->index);
    arena_deinit(&filled->arena);
    arena_deinit(&filled->answers);
}

bool filled_is_open(const struct filled *filled, unsigned i, int32_t today) {
    return !filled->gone[i] && filled->documents[i]->valid_through >= today;
}

void filled_remove(struct filled *filled, unsigned one_in) {
    for (unsigned i = 0; i < FILLED; i++) {
        struct search_change change = {filled->documents[i]->id, NULL};
        if (filled->gone[i] || corpus_below(&filled->corpus, one_in) != 0)
            continue;
        if (search_index_apply(filled->index, &change, 1) != STATUS_OK)
            abort();
        filled->gone[i] = true;
    }
}
