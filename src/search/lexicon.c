/* The lexicon: made from lists, freed. */
#include "lexicon.h"

#include <stdlib.h>

void search_lexicon_destroy(struct search_lexicon *lexicon) {
    if (lexicon == NULL)
        return;
    free(lexicon->vocabulary.words);
    free(lexicon->vocabulary.texts);
    suggestions_free(lexicon);
    free(lexicon);
}

size_t search_lexicon_bytes(const struct search_lexicon *lexicon) { return lexicon->bytes; }

enum status search_lexicon_create(const struct search_lexicon_lists *lists,
                                  struct search_lexicon **out) {
    struct search_lexicon *lexicon = memory_zeroed(1, sizeof *lexicon);
    if (lexicon == NULL)
        return STATUS_NO_MEMORY;
    enum status status = vocabulary_make(&lexicon->vocabulary, lists->words, lists->words_count);
    if (status == STATUS_OK)
        status = suggestions_make(lexicon, lists);
    if (status != STATUS_OK) {
        search_lexicon_destroy(lexicon);
        return status;
    }
    lexicon->bytes += sizeof *lexicon + lexicon->vocabulary.texts_len +
                      lexicon->vocabulary.count * sizeof *lexicon->vocabulary.words;
    *out = lexicon;
    return STATUS_OK;
}
