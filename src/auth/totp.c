/* RFC 6238 over HMAC-SHA-1 of Nettle; base32; recovery codes. */
#include "segreteria/auth/totp.h"

#include <nettle/hmac.h>
#include <sodium.h>
#include <stdio.h>

#define NEIGHBOURS 1 /* steps before and after */

static const char upper32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
static const char lower32[] = "abcdefghijklmnopqrstuvwxyz234567";

/* RFC 4226 section 5.3: four bytes of the digest, from where its last half byte says. */
static uint32_t truncated(const unsigned char digest[SHA1_DIGEST_SIZE]) {
    const unsigned char *p = digest + (digest[SHA1_DIGEST_SIZE - 1] & 0x0F);
    return ((uint32_t)p[0] & 0x7F) << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

uint32_t totp_code(const unsigned char *secret, size_t len, uint64_t step) {
    struct hmac_sha1_ctx hmac;
    unsigned char message[8], digest[SHA1_DIGEST_SIZE];
    for (size_t i = 0; i < sizeof message; i++)
        message[i] = (unsigned char)(step >> (8 * (sizeof message - 1 - i)));
    hmac_sha1_set_key(&hmac, len, secret);
    hmac_sha1_update(&hmac, sizeof message, message);
    hmac_sha1_digest(&hmac, sizeof digest, digest);
    uint32_t code = truncated(digest) % 1000000;
    sodium_memzero(&hmac, sizeof hmac);
    return code;
}

bool totp_match(const unsigned char *secret, size_t len, struct str text, int64_t unix_s,
                int64_t *step) {
    char expected[TOTP_DIGITS + 2];
    bool found = false;
    if (text.len != TOTP_DIGITS || unix_s < TOTP_PERIOD_S)
        return false;
    for (int64_t s = unix_s / TOTP_PERIOD_S - NEIGHBOURS; s <= unix_s / TOTP_PERIOD_S + NEIGHBOURS;
         s++) {
        (void)snprintf(expected, sizeof expected, "%06u", totp_code(secret, len, (uint64_t)s));
        if (sodium_memcmp(expected, text.ptr, TOTP_DIGITS) == 0) {
            found = true;
            *step = s;
        }
    }
    sodium_memzero(expected, sizeof expected);
    return found;
}

/* Five bits at a time, from the most significant. */
static void base32(const unsigned char *bytes, size_t chars, const char alphabet[33], char *out) {
    for (size_t c = 0; c < chars; c++) {
        size_t bit = 5 * c, at = bit / 8, shift = bit % 8;
        unsigned pair = (unsigned)bytes[at] << 8 | (shift > 3 ? bytes[at + 1] : 0u);
        out[c] = alphabet[pair >> (11 - shift) & 31u];
    }
    out[chars] = '\0';
}

void totp_secret_text(const unsigned char secret[TOTP_SECRET_BYTES],
                      char out[TOTP_SECRET_TEXT_SIZE]) {
    base32(secret, TOTP_SECRET_TEXT_SIZE - 1, upper32, out);
}

void recovery_code_text(const unsigned char random[RECOVERY_CODE_BYTES],
                        char out[RECOVERY_CODE_SIZE]) {
    char chars[RECOVERY_CODE_SIZE];
    base32(random, 10, lower32, chars);
    (void)snprintf(out, RECOVERY_CODE_SIZE, "%.5s-%.5s", chars, chars + 5);
    sodium_memzero(chars, sizeof chars);
}

bool recovery_code_normal(struct str text, char out[RECOVERY_CODE_SIZE]) {
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c + ('a' - 'A'));
        if (c == '-' || c == ' ')
            continue;
        if (len == 10 || !((c >= 'a' && c <= 'z') || (c >= '2' && c <= '7')))
            return false;
        out[len++] = c;
    }
    out[len] = '\0';
    return len == 10;
}
