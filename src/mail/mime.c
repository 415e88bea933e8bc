/* Encodes what mail carries in 76 columns of ASCII. */
#include "mime.h"

#include <sodium.h>

#include "segreteria/core/clock.h"

#define LINE_MAX_CHARS 76
#define WORD_BYTES 39  /* of one encoded word: with the longest field name it fills a line */
#define PLAIN_CHARS 66 /* header text that goes as it is */

void mime_quoted_printable(struct buf *out, struct str text) {
    size_t column = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c == '\n') {
            buf_append(out, STR("\r\n"));
            column = 0;
            continue;
        }
        bool at_end = i + 1 == text.len || text.ptr[i + 1] == '\n';
        bool plain = (c > ' ' && c < 127 && c != '=') || (c == ' ' && !at_end);
        size_t width = plain ? 1 : 3;
        if (column + width > LINE_MAX_CHARS - 1) {
            buf_append(out, STR("=\r\n"));
            column = 0;
        }
        if (plain)
            buf_append_char(out, (char)c);
        else
            buf_printf(out, "=%02X", c);
        column += width;
    }
}

static bool is_plain(struct str text) {
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < ' ' || text.ptr[i] > '~')
            return false;
    return text.len <= PLAIN_CHARS;
}

static bool has(struct str text, const char *pattern, size_t len) {
    for (size_t i = 0; i + len <= text.len; i++)
        if (memcmp(text.ptr + i, pattern, len) == 0)
            return true;
    return false;
}

/* Base64, a line each; never a part of a character, which a reader could not show. */
static void encoded_words(struct buf *out, struct str text) {
    while (text.len > 0) {
        size_t len = text.len < WORD_BYTES ? text.len : WORD_BYTES;
        while (len < text.len && len > 1 && ((unsigned char)text.ptr[len] & 0xC0) == 0x80)
            len--;
        char base64[sodium_base64_ENCODED_LEN(WORD_BYTES, sodium_base64_VARIANT_ORIGINAL)];
        (void)sodium_bin2base64(base64, sizeof base64, (const unsigned char *)text.ptr, len,
                                sodium_base64_VARIANT_ORIGINAL);
        buf_printf(out, "=?UTF-8?B?%s?=", base64);
        text = str_from(text.ptr + len, text.len - len);
        if (text.len > 0)
            buf_append(out, STR("\r\n "));
    }
}

void mime_header(struct buf *out, const char *name, struct str text) {
    buf_printf(out, "%s: ", name);
    if (is_plain(text) && !has(text, "=?", 2)) /* "=?" would be read as an encoded word */
        buf_append(out, text);
    else
        encoded_words(out, text);
    buf_append(out, STR("\r\n"));
}

void mime_phrase(struct buf *out, struct str name) {
    if (!is_plain(name) || has(name, "=?", 2)) {
        encoded_words(out, name);
        buf_append(out, STR("\r\n "));
        return;
    }
    buf_append_char(out, '"');
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] == '"' || name.ptr[i] == '\\')
            buf_append_char(out, '\\');
        buf_append_char(out, name.ptr[i]);
    }
    buf_append(out, STR("\" "));
}

void mime_date(struct buf *out, int64_t unix_ms) {
    char text[CLOCK_HTTP_DATE_SIZE];
    clock_format_http_date(unix_ms, text);
    buf_append(out, str_from(text, strlen(text) - strlen("GMT")));
    buf_append(out, STR("+0000"));
}
