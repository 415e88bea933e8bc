/* Making and comparing entity tags. */
#include "etag.h"

#include <sodium.h>

_Static_assert(crypto_shorthash_siphashx24_BYTES == 16 &&
                   crypto_shorthash_siphashx24_KEYBYTES == 16,
               "a tag has 128 bits");

#define BLOCK ((size_t)8 * 1024)

/* The key of each block is the hash of those before it. */
static void take_block(const unsigned char key[16], struct str block, unsigned char hash[16]) {
    unsigned char chained[16];
    for (unsigned k = 0; k < 16; k++)
        chained[k] = key[k] ^ hash[k];
    (void)crypto_shorthash_siphashx24(hash, (const unsigned char *)block.ptr, block.len, chained);
}

/* In blocks of one size wherever the parts end, so that the same bytes give the same tag. Only what
 * lies in two parts is copied. */
void etag_of(const unsigned char key[16], const struct str *parts, size_t count,
             char out[ETAG_OPAQUE_SIZE]) {
    unsigned char hash[16] = {0};
    char gathered[BLOCK];
    size_t held = 0;
    for (size_t i = 0; i < count; i++) {
        struct str part = parts[i];
        while (part.len > 0) {
            bool whole = held == 0 && part.len >= BLOCK;
            size_t n = part.len < BLOCK - held ? part.len : BLOCK - held;
            if (whole)
                take_block(key, str_from(part.ptr, BLOCK), hash);
            else
                memcpy(gathered + held, part.ptr, n);
            held = whole ? 0 : held + n;
            part = str_from(part.ptr + n, part.len - n);
            if (held == BLOCK) {
                take_block(key, str_from(gathered, BLOCK), hash);
                held = 0;
            }
        }
    }
    take_block(key, str_from(gathered, held), hash);
    (void)sodium_bin2base64(out, ETAG_OPAQUE_SIZE, hash, sizeof hash,
                            sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

size_t etag_format(struct str opaque, enum coding coding, char *out, size_t size) {
    struct str suffix = coding == CODING_IDENTITY || coding == CODING_NONE
                            ? STR_NONE
                            : str_of(coding_name(coding));
    size_t len = opaque.len + 2 + (suffix.len > 0 ? suffix.len + 1 : 0);
    if (len + 1 > size)
        return 0;
    char *p = out;
    *p++ = '"';
    memcpy(p, opaque.ptr, opaque.len);
    p += opaque.len;
    if (suffix.len > 0) {
        *p++ = '-';
        memcpy(p, suffix.ptr, suffix.len);
        p += suffix.len;
    }
    *p++ = '"';
    *p = '\0';
    return len;
}

/* Walks the list by hand, since a tag may hold commas. Anything that is not a tag ends the walk
 * without a match. */
bool etag_list_matches(struct str list, struct str tag) {
    list = str_trim(list);
    if (str_eq(list, STR("*")))
        return true;
    const char *p = list.ptr, *end = list.ptr + list.len;
    while (p < end) {
        if (*p == ' ' || *p == '\t' || *p == ',') {
            p++;
            continue;
        }
        if (end - p > 2 && p[0] == 'W' && p[1] == '/')
            p += 2;
        if (*p != '"')
            return false;
        const char *close = memchr(p + 1, '"', (size_t)(end - p - 1));
        if (close == NULL)
            return false;
        if (str_eq(str_from(p, (size_t)(close - p) + 1), tag))
            return true;
        p = close + 1;
    }
    return false;
}
