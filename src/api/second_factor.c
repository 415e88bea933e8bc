/* Codes of authenticators and recovery codes. The authenticator's secret is in PostgreSQL under the
 * master key only; it is opened for one comparison at a time. */
#include "second_factor.h"

#include <sodium.h>
#include <stdio.h>

#include "internal.h"
#include "segreteria/auth/secret.h"
#include "segreteria/auth/totp.h"
#include "segreteria/core/clock.h"

#define SEALED_BYTES (TOTP_SECRET_BYTES + SECRET_OVERHEAD)
#define ISSUER "Segreteria"

void second_factor_none(struct api_call *call) {
    api_bind(call, "totp_step", STR_NONE);
    api_bind(call, "recovery_hashes", STR("{}"));
}

bool second_factor_given(const struct api_call *call) {
    return !str_is_none(api_body_text(call, "totp_code", NULL)) ||
           !str_is_none(api_body_text(call, "recovery_code", NULL));
}

static enum status open_secret(struct api_call *call, struct str account_id, struct str sealed,
                               unsigned char secret[TOTP_SECRET_BYTES]) {
    unsigned char bytes[SEALED_BYTES];
    size_t len = 0;
    if (sealed.len != 2 + 2 * SEALED_BYTES ||
        sodium_hex2bin(bytes, sizeof bytes, sealed.ptr + 2, sealed.len - 2, NULL, &len, NULL) !=
            0 ||
        len != sizeof bytes)
        return STATUS_INTERNAL;
    enum status status = secret_open(call->keys, SECRET_TOTP, account_id,
                                     str_from((const char *)bytes, sizeof bytes), secret);
    if (status != STATUS_OK)
        log_error("totp_secret_unreadable", "account=%.*s status=%s", STR_FMT(account_id),
                  status_name(status));
    return status == STATUS_OK ? STATUS_OK : STATUS_INTERNAL;
}

static enum status match_code(struct api_call *call, struct str account_id, struct str sealed,
                              struct str code) {
    unsigned char secret[TOTP_SECRET_BYTES];
    int64_t step = 0;
    enum status status = open_secret(call, account_id, sealed, secret);
    if (status != STATUS_OK)
        return status;
    bool right = totp_match(secret, sizeof secret, code, clock_unix_ms() / 1000, &step);
    sodium_memzero(secret, sizeof secret);
    if (!right)
        return STATUS_MISMATCH;
    struct str text = arena_printf(call->arena, "%lld", (long long)step);
    api_bind(call, "totp_step", text);
    return str_is_none(text) ? STATUS_NO_MEMORY : STATUS_OK;
}

/* A recovery code's hash is keyed with the authenticator's secret: whoever reads the table alone
 * can try no codes, and the master key may change without anything to do here. */
static struct str recovery_hash(struct arena *arena, const unsigned char secret[TOTP_SECRET_BYTES],
                                const char normal[RECOVERY_CODE_SIZE]) {
    unsigned char hash[TOKEN_HASH_BYTES];
    char *text = arena_alloc(arena, TOKEN_HASH_TEXT_SIZE);
    if (text == NULL)
        return STR_NONE;
    (void)crypto_generichash(hash, sizeof hash, (const unsigned char *)normal, strlen(normal),
                             secret, TOTP_SECRET_BYTES);
    token_hash_text(hash, text);
    return str_of(text);
}

static enum status match_recovery(struct api_call *call, struct str account_id, struct str sealed) {
    unsigned char secret[TOTP_SECRET_BYTES];
    char normal[RECOVERY_CODE_SIZE];
    if (!recovery_code_normal(api_body_text(call, "recovery_code", NULL), normal))
        return STATUS_MISMATCH;
    enum status status = open_secret(call, account_id, sealed, secret);
    if (status != STATUS_OK)
        return status;
    struct str hash = recovery_hash(call->arena, secret, normal);
    sodium_memzero(secret, sizeof secret);
    struct str list = str_is_none(hash) ? STR_NONE : bind_array(call->arena, &hash, 1);
    api_bind(call, "recovery_hashes", list);
    return str_is_none(list) ? STATUS_NO_MEMORY : STATUS_OK;
}

enum status second_factor_match(struct api_call *call, struct str account_id, struct str sealed) {
    struct str code = api_body_text(call, "totp_code", NULL);
    second_factor_none(call);
    return str_is_none(code) ? match_recovery(call, account_id, sealed)
                             : match_code(call, account_id, sealed, code);
}

/* ---- made ---- */

/* Percent-encodes what is not unreserved (RFC 3986 section 2.3). */
static struct str encoded(struct arena *arena, struct str text) {
    struct buf out;
    buf_init(&out, 1024);
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '-' || c == '.' || c == '_' || c == '~';
        if (plain)
            buf_append_char(&out, c);
        else
            buf_printf(&out, "%%%02X", (unsigned)(unsigned char)c);
    }
    const char *copy = buf_status(&out) == STATUS_OK ? arena_strdup(arena, buf_str(&out)) : NULL;
    struct str result = str_from(copy, copy == NULL ? 0 : out.len);
    buf_deinit(&out);
    return result;
}

static bool bind_sealed(struct api_call *call, const unsigned char secret[TOTP_SECRET_BYTES]) {
    unsigned char sealed[SEALED_BYTES];
    char *hex = arena_alloc(call->arena, 2 + 2 * sizeof sealed + 1);
    if (hex == NULL)
        return false;
    secret_seal(call->keys, SECRET_TOTP, str_of(call->principal.account_id),
                str_from((const char *)secret, TOTP_SECRET_BYTES), sealed);
    hex[0] = '\\';
    hex[1] = 'x';
    (void)sodium_bin2hex(hex + 2, 2 * sizeof sealed + 1, sealed, sizeof sealed);
    api_bind(call, "sealed", str_of(hex));
    return true;
}

enum status second_factor_make(struct api_call *call, struct str email) {
    unsigned char random[TOKEN_SECRET_BYTES];
    char text[TOTP_SECRET_TEXT_SIZE];
    struct str account = encoded(call->arena, email);
    api_secret(call, "totp", random);
    totp_secret_text(random, text);
    bool bound = bind_sealed(call, random);
    call->tail = arena_printf(call->arena,
                              "\"secret\":\"%s\",\"otpauth_uri\":\"otpauth://totp/" ISSUER
                              ":%.*s?secret=%s&issuer=" ISSUER
                              "&algorithm=SHA1&digits=%d&period=%d\"",
                              text, STR_FMT(account), text, TOTP_DIGITS, TOTP_PERIOD_S);
    sodium_memzero(random, sizeof random);
    sodium_memzero(text, sizeof text);
    return bound && !str_is_none(account) && !str_is_none(call->tail) ? STATUS_OK
                                                                      : STATUS_NO_MEMORY;
}

static struct str make_code(struct api_call *call, unsigned number,
                            const unsigned char secret[TOTP_SECRET_BYTES], struct buf *list) {
    unsigned char random[TOKEN_SECRET_BYTES];
    char label[24], code[RECOVERY_CODE_SIZE], normal[RECOVERY_CODE_SIZE];
    (void)snprintf(label, sizeof label, "recovery code %u", number);
    api_secret(call, label, random);
    recovery_code_text(random, code);
    buf_printf(list, "%s\"%s\"", number > 0 ? "," : "", code);
    return recovery_code_normal(str_of(code), normal) ? recovery_hash(call->arena, secret, normal)
                                                      : STR_NONE;
}

enum status second_factor_make_recovery(struct api_call *call, struct str sealed) {
    unsigned char secret[TOTP_SECRET_BYTES];
    struct str hashes[RECOVERY_CODES];
    struct buf list;
    api_bind(call, "new_recovery_hashes", STR("{}"));
    if (str_is_none(sealed))
        return STATUS_OK;
    enum status status = open_secret(call, str_of(call->principal.account_id), sealed, secret);
    if (status != STATUS_OK)
        return status;
    buf_init(&list, 1024);
    bool made = true;
    for (unsigned i = 0; i < RECOVERY_CODES; i++) {
        hashes[i] = make_code(call, i, secret, &list);
        made = made && !str_is_none(hashes[i]);
    }
    sodium_memzero(secret, sizeof secret);
    struct str array = made ? bind_array(call->arena, hashes, RECOVERY_CODES) : STR_NONE;
    if (buf_status(&list) == STATUS_OK)
        call->tail = arena_printf(call->arena, "\"recovery_codes\":[%.*s]",
                                  STR_FMT(buf_str(&list)));
    buf_deinit(&list);
    api_bind(call, "new_recovery_hashes", array);
    return str_is_none(array) || str_is_none(call->tail) ? STATUS_NO_MEMORY : STATUS_OK;
}
