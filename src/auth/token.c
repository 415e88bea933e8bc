/* The text form of tokens and their stored hash. */
#include "segreteria/auth/token.h"

#include <sodium.h>
#include <zlib.h>

static const char base62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

static struct str prefix_of(enum token_type type) {
    switch (type) {
    case TOKEN_REFRESH: return STR("sgrr_");
    case TOKEN_LINK: return STR("sgrl_");
    case TOKEN_ACCESS: break;
    }
    return STR("sgr_");
}

/* Big-endian bytes to base 62 by repeated division; the number is destroyed. */
static void encode(unsigned char *number, size_t len, char *out, size_t chars) {
    for (size_t c = chars; c > 0; c--) {
        unsigned remainder = 0;
        for (size_t i = 0; i < len; i++) {
            unsigned value = remainder << 8 | number[i];
            number[i] = (unsigned char)(value / 62);
            remainder = value % 62;
        }
        out[c - 1] = base62[remainder];
    }
}

static void encode_check(struct str body, char out[TOKEN_CHECK_CHARS]) {
    uint32_t crc = (uint32_t)crc32(0, (const unsigned char *)body.ptr, (uInt)body.len);
    unsigned char bytes[4] = {(unsigned char)(crc >> 24), (unsigned char)(crc >> 16),
                              (unsigned char)(crc >> 8), (unsigned char)crc};
    encode(bytes, sizeof bytes, out, TOKEN_CHECK_CHARS);
}

void token_format(enum token_type type, const unsigned char secret[TOKEN_SECRET_BYTES],
                  char out[TOKEN_TEXT_SIZE]) {
    unsigned char number[TOKEN_SECRET_BYTES];
    struct str prefix = prefix_of(type);
    memcpy(number, secret, sizeof number);
    memcpy(out, prefix.ptr, prefix.len);
    char *body = out + prefix.len;
    encode(number, sizeof number, body, TOKEN_BODY_CHARS);
    encode_check(str_from(body, TOKEN_BODY_CHARS), body + TOKEN_BODY_CHARS);
    body[TOKEN_BODY_CHARS + TOKEN_CHECK_CHARS] = '\0';
    sodium_memzero(number, sizeof number);
}

enum status token_check(enum token_type type, struct str text) {
    struct str prefix = prefix_of(type);
    if (text.len != prefix.len + TOKEN_BODY_CHARS + TOKEN_CHECK_CHARS ||
        !str_starts_with(text, prefix))
        return STATUS_INVALID;
    struct str body = str_from(text.ptr + prefix.len, TOKEN_BODY_CHARS);
    for (size_t i = 0; i < body.len; i++)
        if (body.ptr[i] == '\0' || strchr(base62, body.ptr[i]) == NULL)
            return STATUS_INVALID;
    char check[TOKEN_CHECK_CHARS];
    encode_check(body, check);
    return memcmp(check, body.ptr + body.len, sizeof check) == 0 ? STATUS_OK : STATUS_INVALID;
}

void token_hash_with(const struct key *key, struct str text, unsigned char out[TOKEN_HASH_BYTES]) {
    size_t len = key->marks ? TOKEN_HASH_BYTES - KEY_ID_BYTES : TOKEN_HASH_BYTES;
    (void)crypto_generichash(out, len, (const unsigned char *)text.ptr, text.len,
                             key_subkey(key, SUBKEY_TOKEN_HASH), KEYS_SUBKEY_BYTES);
    if (key->marks)
        memcpy(out + len, key->id, KEY_ID_BYTES);
}

void token_hash(const struct keys *keys, struct str text, unsigned char out[TOKEN_HASH_BYTES]) {
    token_hash_with(keys_current(keys), text, out);
}

void token_hash_text(const unsigned char hash[TOKEN_HASH_BYTES], char out[TOKEN_HASH_TEXT_SIZE]) {
    out[0] = '\\';
    out[1] = 'x';
    (void)sodium_bin2hex(out + 2, TOKEN_HASH_TEXT_SIZE - 2, hash, TOKEN_HASH_BYTES);
}

/* {"\\x...","\\x..."}: within the quotes of an array's element a backslash is written twice. */
struct str token_hashes_text(const struct keys *keys, struct str text, struct arena *arena) {
    const size_t element = 1 + TOKEN_HASH_TEXT_SIZE - 1 +
                           3; /* a backslash, the hash, quotes and comma */
    char *out = arena_alloc(arena, keys->count * element + 3), *p = out;
    unsigned char hash[TOKEN_HASH_BYTES];
    if (out == NULL)
        return STR_NONE;
    *p++ = '{';
    for (size_t i = 0; i < keys->count; i++) {
        token_hash_with(keys_nth(keys, i), text, hash);
        *p++ = '"';
        *p++ = '\\';
        token_hash_text(hash, p);
        p += TOKEN_HASH_TEXT_SIZE - 1;
        *p++ = '"';
        *p++ = ',';
    }
    p[-1] = '}';
    *p = '\0';
    return str_from(out, (size_t)(p - out));
}
