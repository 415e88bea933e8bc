/* A growing byte buffer with a mandatory maximum. Owns its memory. Not thread-safe. The content is
 * followed by a NUL byte that does not count, whenever data is not NULL. Errors stick: after a
 * failed append every further append fails alike, so a writer may check once, at the end.
 */
#ifndef SEGRETERIA_CORE_BUF_H
#define SEGRETERIA_CORE_BUF_H

#include "segreteria/core/status.h"
#include "segreteria/core/str.h"

struct buf {
    char *data;
    size_t len;
    size_t capacity;
    size_t max;         /* bytes */
    enum status status; /* OK, TOO_LARGE or NO_MEMORY */
};

void buf_init(struct buf *buf, size_t max);
void buf_deinit(struct buf *buf); /* frees; usable again as after buf_init with the same max */
void buf_clear(struct buf *buf);  /* keeps the memory, forgets content and error */
void buf_wipe(struct buf *buf);   /* overwrites the content (secrets), then buf_deinit */

void buf_append(struct buf *buf, struct str s);
void buf_append_text(struct buf *buf, const char *text);
void buf_append_char(struct buf *buf, char c);
void buf_append_number(struct buf *buf, uint64_t number); /* in decimal digits */
void buf_printf(struct buf *buf, const char *format, ...) PRINTF_LIKE(2, 3);

/* The text as a JSON string with quotes, escaping what RFC 8259 section 7 asks for. The text must
 * be UTF-8. */
void buf_append_json_string(struct buf *buf, struct str s);

/* Room for at least n more bytes at data + len, or NULL (status set). Add what was written to len
 * by buf_commit, at most that n. */
NODISCARD char *buf_reserve(struct buf *buf, size_t n);
void buf_commit(struct buf *buf, size_t n);

/* Drops the first n bytes, at most len. */
void buf_consume(struct buf *buf, size_t n);

static inline struct str buf_str(const struct buf *buf) { return str_from(buf->data, buf->len); }
NODISCARD static inline enum status buf_status(const struct buf *buf) { return buf->status; }

#endif
