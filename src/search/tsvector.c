/* The text form of a tsvector, as PostgreSQL writes it: 'lexeme':1A,2B,3 ... with quotes and
 * backslashes in a lexeme doubled. And its binary form.
 */
#include <string.h>

#include "segreteria/search/document.h"

struct reader {
    const char *at, *end;
};

static bool accept(struct reader *reader, char c) {
    if (reader->at == reader->end || *reader->at != c)
        return false;
    reader->at++;
    return true;
}

/* The lexeme into `room`, which is long enough for all that follows; its length. -1: malformed. */
static long read_lexeme(struct reader *reader, char *room) {
    char *out = room;
    if (!accept(reader, '\''))
        return -1;
    while (reader->at < reader->end) {
        char c = *reader->at++;
        if ((c == '\'' || c == '\\') && !accept(reader, c))
            return c == '\'' && out > room ? (long)(out - room) : -1;
        *out++ = c;
    }
    return -1;
}

static bool read_position(struct reader *reader, uint16_t *out) {
    unsigned position = 0, digits = 0, weight = 0;
    while (reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9' && digits++ < 5)
        position = position * 10 + (unsigned)(*reader->at++ - '0');
    if (digits == 0 || position == 0 || position > 0x3fff)
        return false;
    if (reader->at < reader->end && *reader->at >= 'A' && *reader->at <= 'C')
        weight = 3 - (unsigned)(*reader->at++ - 'A');
    *out = SEARCH_POSITION_BITS(position, weight);
    return true;
}

static size_t count_of(struct str tsvector, char c) {
    size_t count = 0;
    for (size_t i = 0; i < tsvector.len; i++)
        count += tsvector.ptr[i] == c;
    return count;
}

enum status search_terms_parse(struct arena *arena, struct str tsvector,
                               const struct search_term **terms, size_t *count) {
    /* Each lexeme has two quotes at least, each position a colon or a comma before it. */
    size_t terms_max = count_of(tsvector, '\'') / 2;
    size_t positions_max = count_of(tsvector, ':') + count_of(tsvector, ',');
    struct search_term *made = arena_alloc(arena, (terms_max + 1) * sizeof *made);
    uint16_t *positions = arena_alloc(arena, (positions_max + 1) * sizeof *positions);
    char *texts = arena_alloc(arena, tsvector.len + 1);
    if (made == NULL || positions == NULL || texts == NULL)
        return STATUS_NO_MEMORY;
    struct reader reader = {tsvector.ptr,
                            tsvector.len == 0 ? tsvector.ptr : tsvector.ptr + tsvector.len};
    size_t found = 0;
    while (reader.at < reader.end) {
        if (found > 0 && !accept(&reader, ' '))
            return STATUS_INVALID;
        long len = read_lexeme(&reader, texts);
        if (len <= 0 || !accept(&reader, ':'))
            return STATUS_INVALID;
        struct search_term *term = &made[found++];
        *term = (struct search_term){.lexeme = str_from(texts, (size_t)len),
                                     .positions = positions};
        do {
            if (!read_position(&reader, positions++))
                return STATUS_INVALID;
            term->count++;
        } while (accept(&reader, ','));
        texts += len;
    }
    *terms = made;
    *count = found;
    return STATUS_OK;
}

/* ---- binary ---- */

static unsigned read_u16(const char *at) {
    return (unsigned)(unsigned char)at[0] << 8 | (unsigned char)at[1];
}

/* The positions after the lexeme's NUL into `out`; false: malformed. */
static bool receive_positions(struct str *rest, uint16_t *out, size_t room, size_t *count) {
    if (rest->len < 2)
        return false;
    *count = read_u16(rest->ptr);
    if (*count == 0 || *count > room || rest->len - 2 < *count * 2)
        return false;
    for (size_t i = 0; i < *count; i++) {
        unsigned bits = read_u16(rest->ptr + 2 + 2 * i);
        if (SEARCH_POSITION(bits) == 0)
            return false;
        out[i] = (uint16_t)bits;
    }
    *rest = str_from(rest->ptr + 2 + *count * 2, rest->len - 2 - *count * 2);
    return true;
}

enum status search_terms_receive(struct arena *arena, struct str tsvector,
                                 const struct search_term **terms, size_t *count) {
    if (tsvector.len < 4)
        return STATUS_INVALID;
    size_t wanted = (size_t)read_u16(tsvector.ptr) << 16 | read_u16(tsvector.ptr + 2);
    struct str rest = str_from(tsvector.ptr + 4, tsvector.len - 4);
    /* A lexeme has a letter, a NUL, a number and a position at least. */
    if (wanted > rest.len / 6)
        return STATUS_INVALID;
    size_t room = rest.len / 2;
    struct search_term *made = arena_alloc(arena, (wanted + 1) * sizeof *made);
    uint16_t *positions = arena_alloc(arena, (room + 1) * sizeof *positions);
    if (made == NULL || positions == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < wanted; i++) {
        const char *end = rest.len == 0 ? NULL : memchr(rest.ptr, '\0', rest.len);
        if (end == NULL || end == rest.ptr)
            return STATUS_INVALID;
        size_t len = (size_t)(end - rest.ptr);
        made[i] = (struct search_term){.lexeme = str_from(rest.ptr, len), .positions = positions};
        rest = str_from(end + 1, rest.len - len - 1);
        if (!receive_positions(&rest, positions, room, &made[i].count))
            return STATUS_INVALID;
        positions += made[i].count;
        room -= made[i].count;
    }
    if (rest.len != 0)
        return STATUS_INVALID;
    *terms = made;
    *count = wanted;
    return STATUS_OK;
}
