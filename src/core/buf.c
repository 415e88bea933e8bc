/* The growing buffer with a maximum. */
#include "segreteria/core/buf.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void buf_init(struct buf *buf, size_t max) { *buf = (struct buf){.max = max}; }

void buf_deinit(struct buf *buf) {
    free(buf->data);
    buf_init(buf, buf->max);
}

void buf_clear(struct buf *buf) {
    buf->len = 0;
    buf->status = STATUS_OK;
    if (buf->data != NULL)
        buf->data[0] = '\0';
}

void buf_wipe(struct buf *buf) {
    if (buf->data != NULL)
        sodium_memzero(buf->data, buf->capacity);
    buf_deinit(buf);
}

char *buf_reserve(struct buf *buf, size_t n) {
    if (buf->status != STATUS_OK)
        return NULL;
    if (n > buf->max || buf->len > buf->max - n) {
        buf->status = STATUS_TOO_LARGE;
        return NULL;
    }
    size_t needed = buf->len + n + 1; /* the NUL */
    if (needed > buf->capacity) {
        size_t capacity = buf->capacity < 128 ? 256 : buf->capacity * 2;
        if (capacity < needed)
            capacity = needed;
        if (capacity > buf->max + 1)
            capacity = buf->max + 1;
        char *data = realloc(buf->data, capacity);
        if (data == NULL) {
            buf->status = STATUS_NO_MEMORY;
            return NULL;
        }
        buf->data = data;
        buf->capacity = capacity;
        buf->data[buf->len] = '\0';
    }
    return buf->data + buf->len;
}

void buf_commit(struct buf *buf, size_t n) {
    buf->len += n;
    buf->data[buf->len] = '\0';
}

void buf_append(struct buf *buf, struct str s) {
    char *room = buf_reserve(buf, s.len);
    if (room == NULL)
        return;
    if (s.len > 0)
        memcpy(room, s.ptr, s.len);
    buf_commit(buf, s.len);
}

void buf_append_text(struct buf *buf, const char *text) { buf_append(buf, str_of(text)); }

void buf_append_char(struct buf *buf, char c) { buf_append(buf, str_from(&c, 1)); }

void buf_append_number(struct buf *buf, uint64_t number) {
    char digits[20], *at = digits + sizeof digits; /* 2^64 - 1 has 20 */
    do {
        *--at = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    buf_append(buf, str_from(at, (size_t)(digits + sizeof digits - at)));
}

/* Into the room that is there, which is enough mostly; else once more into more. */
void buf_printf(struct buf *buf, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    size_t there = buf->data == NULL || buf->status != STATUS_OK ? 0 : buf->capacity - buf->len;
    int len = vsnprintf(there == 0 ? NULL : buf->data + buf->len, there, format, args);
    va_end(args);
    if (len >= 0 && (size_t)len < there) {
        buf_commit(buf, (size_t)len);
    } else {
        if (there > 0)
            buf->data[buf->len] = '\0'; /* what did not fit is not there */
        char *room = len < 0 ? NULL : buf_reserve(buf, (size_t)len);
        if (room != NULL) {
            (void)vsnprintf(room, (size_t)len + 1, format, again);
            buf_commit(buf, (size_t)len);
        }
    }
    va_end(again);
}

void buf_append_json_string(struct buf *buf, struct str s) {
    static const char hex[] = "0123456789abcdef";
    buf_append_char(buf, '"');
    size_t start = 0;
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7F)
            continue;
        buf_append(buf, str_from(s.ptr + start, i - start));
        start = i + 1;
        if (c == '"' || c == '\\') {
            char escaped[2] = {'\\', (char)c};
            buf_append(buf, str_from(escaped, 2));
        } else {
            char escaped[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
            buf_append(buf, str_from(escaped, 6));
        }
    }
    buf_append(buf, str_from(s.ptr + start, s.len - start));
    buf_append_char(buf, '"');
}

void buf_consume(struct buf *buf, size_t n) {
    if (n == 0 || buf->data == NULL)
        return;
    memmove(buf->data, buf->data + n, buf->len - n + 1);
    buf->len -= n;
}
