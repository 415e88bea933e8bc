/* A table of fixed size; a stamp has a row of a few places, of which the oldest is given up. Past
 * the limit of bytes places are emptied in turn. */
#include "segreteria/api/cards.h"

#include <stdlib.h>

#define ROWS ((size_t)16384)
#define WAYS ((size_t)4)
#define PLACES (ROWS * WAYS)
#define CARD_MAX ((size_t)4 * 1024)
#define BYTES_MAX ((size_t)24 * 1024 * 1024)

struct card {
    struct search_stamp stamp;
    char *text; /* NULL: an empty place */
    size_t len;
    uint64_t until_ms;
};

struct cards {
    size_t bytes, hand;
    struct card places[PLACES];
};

enum status cards_create(struct cards **out) {
    *out = calloc(1, sizeof **out);
    return *out == NULL ? STATUS_NO_MEMORY : STATUS_OK;
}

void cards_destroy(struct cards *cards) {
    for (size_t i = 0; cards != NULL && i < PLACES; i++)
        free(cards->places[i].text);
    free(cards);
}

/* Nobody chooses stamps, so any even spread will do (the multiplier is 2^64 over the golden ratio).
 * Gives the first place of the row. */
static size_t row_of(struct search_stamp stamp) {
    uint64_t mixed = (stamp.segment ^ (uint64_t)stamp.doc << 40 ^ stamp.doc) *
                     UINT64_C(0x9e3779b97f4a7c15);
    return (size_t)(mixed >> 40) % ROWS * WAYS;
}

static bool is_of(const struct card *card, struct search_stamp stamp) {
    return card->text != NULL && card->stamp.segment == stamp.segment &&
           card->stamp.doc == stamp.doc;
}

static void clear(struct cards *cards, struct card *card) {
    free(card->text);
    cards->bytes -= card->len;
    *card = (struct card){.text = NULL};
}

struct str cards_get(const struct cards *cards, struct search_stamp stamp, uint64_t now_ms) {
    const struct card *row = &cards->places[row_of(stamp)];
    for (size_t i = 0; i < WAYS; i++)
        if (is_of(&row[i], stamp) && now_ms < row[i].until_ms)
            return str_from(row[i].text, row[i].len);
    return STR_NONE;
}

/* The stamp's own place, or else one that is empty, or has been filled longest. */
static struct card *place_for(struct cards *cards, struct search_stamp stamp) {
    struct card *row = &cards->places[row_of(stamp)], *oldest = row;
    for (size_t i = 0; i < WAYS; i++) {
        if (is_of(&row[i], stamp))
            return &row[i];
        if (row[i].until_ms < oldest->until_ms) /* 0: empty */
            oldest = &row[i];
    }
    return oldest;
}

void cards_put(struct cards *cards, struct search_stamp stamp, struct str text, uint64_t now_ms) {
    struct card *card = place_for(cards, stamp);
    clear(cards, card);
    if (text.len == 0 || text.len > CARD_MAX)
        return;
    while (cards->bytes + text.len > BYTES_MAX)
        clear(cards, &cards->places[cards->hand++ % PLACES]);
    char *copy = malloc(text.len);
    if (copy == NULL)
        return;
    memcpy(copy, text.ptr, text.len);
    cards->bytes += text.len;
    *card = (struct card){stamp, copy, text.len, now_ms + CARDS_TTL_MS};
}
