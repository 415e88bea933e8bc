/* Ids, keys, reading and names of documents. */
#include "segreteria/api/document.h"

void document_id_make(struct document_id *id) {
    struct uuid uuid = uuid_v7();
    uuid_format(&uuid, id->text);
}

void document_secret_seal(const struct keys *keys, const struct document_id *id,
                          const unsigned char secret[DOCUMENT_SECRET_BYTES],
                          char sealed[DOCUMENT_SEALED_TEXT_SIZE]) {
    unsigned char bytes[DOCUMENT_SEALED_BYTES];
    secret_seal(keys, SECRET_DOCUMENT, str_of(id->text),
                str_from((const char *)secret, DOCUMENT_SECRET_BYTES), bytes);
    sealed[0] = '\\';
    sealed[1] = 'x';
    (void)sodium_bin2hex(sealed + 2, DOCUMENT_SEALED_TEXT_SIZE - 2, bytes, sizeof bytes);
}

enum status document_secret_open(const struct keys *keys, const struct document_id *id,
                                 struct str sealed, unsigned char secret[DOCUMENT_SECRET_BYTES]) {
    unsigned char bytes[DOCUMENT_SEALED_BYTES];
    size_t len = 0;
    if (sealed.len != DOCUMENT_SEALED_TEXT_SIZE - 1 ||
        sodium_hex2bin(bytes, sizeof bytes, sealed.ptr + 2, sealed.len - 2, NULL, &len, NULL) !=
            0 ||
        len != sizeof bytes)
        return STATUS_INVALID;
    return secret_open(keys, SECRET_DOCUMENT, str_of(id->text),
                       str_from((const char *)bytes, sizeof bytes), secret);
}

enum status document_reader_open(struct document_reader *reader, const struct keys *keys,
                                 const struct document_id *id, struct str sealed) {
    unsigned char secret[DOCUMENT_SECRET_BYTES];
    reader->at_end = false;
    enum status status = document_secret_open(keys, id, sealed, secret);
    if (status == STATUS_OK &&
        crypto_secretstream_xchacha20poly1305_init_pull(
            &reader->cipher, secret + crypto_secretstream_xchacha20poly1305_KEYBYTES, secret) != 0)
        status = STATUS_INTERNAL;
    sodium_memzero(secret, sizeof secret);
    return status;
}

enum status document_reader_next(struct document_reader *reader, struct str chunk,
                                 unsigned char *out, size_t *len) {
    size_t cipher_len = 0;
    unsigned long long plain_len = 0;
    unsigned char tag = 0;
    if (reader->at_end || chunk.len < 2 ||
        sodium_hex2bin(reader->cipher_text, sizeof reader->cipher_text, chunk.ptr + 2,
                       chunk.len - 2, NULL, &cipher_len, NULL) != 0 ||
        cipher_len < crypto_secretstream_xchacha20poly1305_ABYTES ||
        crypto_secretstream_xchacha20poly1305_pull(&reader->cipher, out, &plain_len, &tag,
                                                   reader->cipher_text, cipher_len, NULL, 0) != 0)
        return STATUS_INVALID;
    reader->at_end = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
    *len = (size_t)plain_len;
    return STATUS_OK;
}

/* Bytes of the UTF-8 character that begins here, as its first byte says. */
static size_t character_len(unsigned char first) {
    return first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

/* C0, DEL, C1 (C2 80..9F), and what turns the direction of writing (U+200E, 200F, 202A..202E,
 * 2066..2069): they make a name look like another one. */
static bool is_unfit(const unsigned char *c, size_t len) {
    if (len == 1)
        return c[0] < 0x20 || c[0] == 0x7F;
    if (len == 2)
        return c[0] == 0xC2 && c[1] < 0xA0;
    if (len != 3 || c[0] != 0xE2)
        return false;
    return (c[1] == 0x80 && (c[2] == 0x8E || c[2] == 0x8F || (c[2] >= 0xAA && c[2] <= 0xAE))) ||
           (c[1] == 0x81 && c[2] >= 0xA6 && c[2] <= 0xA9);
}

char *document_name(struct arena *arena, struct str given) {
    for (size_t i = given.len; i > 0; i--)
        if (given.ptr[i - 1] == '/' || given.ptr[i - 1] == '\\') {
            given = str_from(given.ptr + i, given.len - i);
            break;
        }
    if (!str_is_utf8(given))
        given = STR_NONE;
    char *name = arena_alloc(arena, given.len + sizeof "document");
    if (name == NULL)
        return NULL;
    size_t len = 0, characters = 0;
    for (size_t at = 0, n; at < given.len && characters < DOCUMENT_NAME_MAX; at += n) {
        const unsigned char *c = (const unsigned char *)given.ptr + at;
        n = character_len(c[0]);
        if (is_unfit(c, n) || (len == 0 && c[0] == ' '))
            continue;
        memcpy(name + len, c, n);
        len += n;
        characters++;
    }
    while (len > 0 && name[len - 1] == ' ')
        len--;
    name[len] = '\0';
    if (len == 0)
        memcpy(name, "document", sizeof "document");
    return name;
}
