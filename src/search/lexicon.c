/* The lexicon: made from lists, freed. */
#include "lexicon.h"

#include <stdlib.h>

void search_lexicon_destroy(struct search_lexicon *lexicon) {
    if (lexicon == NULL)
        return;
    free(lexicon->vocabulary.words);
    free(lexicon->vocabulary.texts);
    for (unsigned kind = 0; kind < SEARCH_SUGGEST_KINDS; kind++) {
        free(lexicon->kinds[kind].items);
        free(lexicon->kinds[kind].starts);
    }
    memory_store_deinit(&lexicon->store);
    free(lexicon);
}

size_t search_lexicon_bytes(const struct search_lexicon *lexicon) { return lexicon->bytes; }

enum status search_lexicon_create(const struct search_word *words, size_t words_count,
                                  const struct search_suggestion *suggestions,
                                  size_t suggestions_count, struct search_lexicon **out) {
    struct search_lexicon *lexicon = memory_zeroed(1, sizeof *lexicon);
    if (lexicon == NULL)
        return STATUS_NO_MEMORY;
    enum status status = vocabulary_make(&lexicon->vocabulary, words, words_count);
    if (status == STATUS_OK)
        status = offers_make(lexicon, suggestions, suggestions_count);
    if (status != STATUS_OK) {
        search_lexicon_destroy(lexicon);
        return status;
    }
    lexicon->bytes = sizeof *lexicon + lexicon->store.bytes + lexicon->vocabulary.texts_len +
                     lexicon->vocabulary.count * sizeof *lexicon->vocabulary.words;
    for (unsigned kind = 0; kind < SEARCH_SUGGEST_KINDS; kind++)
        lexicon->bytes += lexicon->kinds[kind].count * sizeof(struct offer) +
                          lexicon->kinds[kind].starts_count * sizeof(struct start);
    *out = lexicon;
    return STATUS_OK;
}
