/* What a file is, by its content (libmagic). libmagic keeps state, so each look opens its own: the
 * data base is mapped, an open costs some tens of microseconds, and an upload looks once.
 */
#include <magic.h>
#include <string.h>

#include "segreteria/api/document.h"

#define DOCX "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

/* What libmagic says, and what it is called here. */
static const struct {
    const char *found, *type;
} types[] = {
    {"application/pdf", "application/pdf"},
    {DOCX, DOCX},
    {"application/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.text"},
    {"text/rtf", "application/rtf"},
    {"application/rtf", "application/rtf"},
    {"text/plain", "text/plain"},
    {"image/png", "image/png"},
    {"image/jpeg", "image/jpeg"},
};

/* A chunk may end within a character of text. */
static bool is_text(const unsigned char *bytes, size_t len) {
    size_t cut = len;
    while (cut > 0 && len - cut < 4 && (bytes[cut - 1] & 0xC0u) == 0x80u)
        cut--;
    if (cut > 0 && bytes[cut - 1] >= 0xC0)
        cut--;
    return memchr(bytes, '\0', len) == NULL && str_is_utf8(str_from((const char *)bytes, cut));
}

const char *document_type(const unsigned char *bytes, size_t len) {
    const char *type = NULL;
    magic_t magic = magic_open(MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_TAR |
                               MAGIC_NO_CHECK_ELF | MAGIC_NO_CHECK_CSV | MAGIC_NO_CHECK_JSON);
    const char *found = magic != NULL && magic_load(magic, NULL) == 0
                            ? magic_buffer(magic, bytes, len)
                            : NULL;
    for (size_t i = 0; found != NULL && i < sizeof types / sizeof types[0]; i++)
        if (strcmp(found, types[i].found) == 0)
            type = types[i].type;
    if (magic != NULL)
        magic_close(magic);
    if (type != NULL && strcmp(type, "text/plain") == 0 && !is_text(bytes, len))
        type = NULL; /* Latin-1, UTF-16: what would be shown as is must be UTF-8 */
    return type;
}
