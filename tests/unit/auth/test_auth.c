/* The auth room: token form and checksum, hashes, keys, and that a revocation is never outlived by
 * the cache. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "segreteria/auth/cache.h"
#include "segreteria/auth/keys.h"
#include "segreteria/auth/link.h"
#include "segreteria/auth/token.h"

static void a_token_has_the_documented_form(void **state) {
    (void)state;
    unsigned char secret[TOKEN_SECRET_BYTES];
    char text[TOKEN_TEXT_SIZE];
    memset(secret, 0, sizeof secret);
    token_format(TOKEN_ACCESS, secret, text);
    assert_memory_equal(text, "sgr_0000000000000000000000000000000000000000000", 47);
    assert_int_equal(strlen(text), 4 + TOKEN_BODY_CHARS + TOKEN_CHECK_CHARS);
    memset(secret, 0xFF, sizeof secret);
    for (unsigned type = 0; type < 3; type++) {
        token_format((enum token_type)type, secret, text);
        assert_int_equal(token_check((enum token_type)type, str_of(text)), STATUS_OK);
        assert_int_equal(token_check((enum token_type)((type + 1) % 3), str_of(text)),
                         STATUS_INVALID);
    }
}

static void every_changed_character_breaks_the_checksum(void **state) {
    (void)state;
    unsigned char secret[TOKEN_SECRET_BYTES];
    char text[TOKEN_TEXT_SIZE];
    randombytes_buf(secret, sizeof secret);
    token_format(TOKEN_ACCESS, secret, text);
    for (size_t i = 0; i < strlen(text); i++) {
        char kept = text[i];
        text[i] = kept == 'a' ? 'b' : 'a';
        assert_int_equal(token_check(TOKEN_ACCESS, str_of(text)), STATUS_INVALID);
        text[i] = '\0';
        assert_int_equal(token_check(TOKEN_ACCESS, str_from(text, TOKEN_TEXT_SIZE - 3)),
                         STATUS_INVALID);
        text[i] = kept;
    }
    assert_int_equal(token_check(TOKEN_ACCESS, STR("")), STATUS_INVALID);
    assert_int_equal(token_check(TOKEN_ACCESS, STR_NONE), STATUS_INVALID);
}

/* Whoever has the key makes the same secret again; another key, id or purpose makes another one. */
static void a_link_s_secret_is_made_again(void **state) {
    (void)state;
    struct keys a = {0}, b = {0};
    b.list[0].subkeys[SUBKEY_LINK - 1][31] = 1;
    const struct uuid one = uuid_v7(), two = uuid_v7();
    char first[TOKEN_TEXT_SIZE], other[TOKEN_TEXT_SIZE];
    link_secret(keys_current(&a), STR("invitation"), &one, first);
    assert_int_equal(token_check(TOKEN_LINK, str_of(first)), STATUS_OK);
    assert_true(str_starts_with(str_of(first), STR("sgrl_")));
    link_secret(keys_current(&a), STR("invitation"), &one, other);
    assert_string_equal(first, other);
    link_secret(keys_current(&b), STR("invitation"), &one, other);
    assert_string_not_equal(first, other);
    link_secret(keys_current(&a), STR("verify_email"), &one, other);
    assert_string_not_equal(first, other);
    link_secret(keys_current(&a), STR("invitation"), &two, other);
    assert_string_not_equal(first, other);
}

static void hashes_depend_on_the_key(void **state) {
    (void)state;
    struct keys a = {0}, b = {0};
    b.list[0].subkeys[SUBKEY_TOKEN_HASH - 1][0] = 1;
    unsigned char ha[TOKEN_HASH_BYTES], hb[TOKEN_HASH_BYTES];
    char text[TOKEN_HASH_TEXT_SIZE];
    token_hash(&a, STR("sgr_x"), ha);
    token_hash(&b, STR("sgr_x"), hb);
    assert_memory_not_equal(ha, hb, sizeof ha);
    token_hash_text(ha, text);
    assert_memory_equal(text, "\\x", 2);
    assert_int_equal(strlen(text), TOKEN_HASH_TEXT_SIZE - 1);
}

static void the_key_file_is_made_once_and_kept_private(void **state) {
    (void)state;
    char dir[] = "/tmp/segreteria-keys-XXXXXX", path[128];
    struct keys first, second;
    struct buf error;
    struct stat info;
    buf_init(&error, 1000);
    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof path, "%s/master.key", dir);
    assert_int_equal(keys_load(NULL, dir, &first, &error), STATUS_OK);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(keys_load(NULL, dir, &second, &error), STATUS_OK);
    assert_memory_equal(&first, &second, sizeof first);
    const struct key *key = keys_current(&first);
    assert_memory_not_equal(key_subkey(key, SUBKEY_TOKEN_HASH), key_subkey(key, SUBKEY_CURSOR),
                            KEYS_SUBKEY_BYTES);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(keys_load(NULL, dir, &second, &error), STATUS_INVALID);
    assert_non_null(strstr(error.data, "chmod 600"));
    assert_int_equal(keys_load("not hexadecimal", dir, &second, &error), STATUS_INVALID);
    (void)unlink(path);
    (void)rmdir(dir);
    buf_deinit(&error);
}

/* ---- cache ---- */

static struct auth_epochs epochs;
static struct auth_cache *cache;
static const char account[] = "018f2e5c-7b3a-7c4d-9e6f-0a1b2c3d4e5f";
static const char other[] = "018f2e5c-7b3a-7c4d-9e6f-ffffffffffff";

static int cache_setup(void **state) {
    (void)state;
    return auth_cache_create(&epochs, 64, &cache) == STATUS_OK ? 0 : -1;
}

static int cache_teardown(void **state) {
    (void)state;
    auth_cache_destroy(cache);
    return 0;
}

static struct principal somebody(void) {
    struct principal who = {.kind = PRINCIPAL_CANDIDATE, .expires_unix_ms = INT64_MAX};
    memcpy(who.account_id, account, sizeof account);
    return who;
}

static enum auth_cache_answer get(unsigned char first, uint64_t now) {
    unsigned char hash[TOKEN_HASH_BYTES] = {first};
    struct principal out;
    return auth_cache_get(cache, hash, now, &out);
}

static void put(unsigned char first, struct auth_snapshot snapshot, uint64_t now,
                const struct principal *who) {
    unsigned char hash[TOKEN_HASH_BYTES] = {first};
    auth_cache_put(cache, hash, snapshot, now, who);
}

static void entries_end_with_their_time(void **state) {
    (void)state;
    struct principal who = somebody();
    put(2, auth_cache_snapshot(cache), 1000, &who);
    put(4, auth_cache_snapshot(cache), 1000, NULL);
    assert_int_equal(get(2, 1001), AUTH_CACHE_FOUND);
    assert_int_equal(get(4, 1001), AUTH_CACHE_UNKNOWN);
    assert_int_equal(get(6, 1001), AUTH_CACHE_MISS);
    assert_int_equal(get(2, 1000 + AUTH_CACHE_TTL_MS), AUTH_CACHE_MISS);
    assert_int_equal(get(4, 1000 + AUTH_CACHE_NEGATIVE_TTL_MS), AUTH_CACHE_MISS);
}

static void a_revocation_ends_the_accounts_entries_only(void **state) {
    (void)state;
    struct principal who = somebody(), stranger = somebody();
    memcpy(stranger.account_id, other, sizeof other);
    put(2, auth_cache_snapshot(cache), 1000, &who);
    put(4, auth_cache_snapshot(cache), 1000, &stranger);
    auth_epochs_bump(&epochs, STR(account));
    assert_int_equal(get(2, 1001), AUTH_CACHE_MISS);
    assert_int_equal(get(4, 1001), AUTH_CACHE_FOUND);
    auth_epochs_bump(&epochs, STR_NONE);
    assert_int_equal(get(4, 1001), AUTH_CACHE_MISS);
}

static void a_look_up_overtaken_by_a_revocation_is_not_kept(void **state) {
    (void)state;
    struct principal who = somebody();
    struct auth_snapshot before = auth_cache_snapshot(cache);
    auth_epochs_bump(&epochs, STR(account));
    put(2, before, 1000, &who);
    assert_int_equal(get(2, 1001), AUTH_CACHE_MISS);
}

static void who_hears_nothing_uses_nothing(void **state) {
    (void)state;
    struct principal who = somebody();
    put(2, auth_cache_snapshot(cache), 1000, &who);
    atomic_store(&epochs.deaf, true);
    assert_int_equal(get(2, 1001), AUTH_CACHE_MISS);
    atomic_store(&epochs.deaf, false);
    assert_int_equal(get(2, 1001), AUTH_CACHE_FOUND);
}

static void each_company_of_a_session_has_an_entry_of_its_own(void **state) {
    (void)state;
    static const char *const names[] = {account, other};
    unsigned char keys[3][TOKEN_HASH_BYTES] = {{9}, {9}, {9}};
    for (size_t i = 0; i < 2; i++) {
        struct principal who = somebody();
        memcpy(who.company_id, names[i], UUID_TEXT_SIZE);
        auth_cache_key_for_company(keys[i], names[i]);
        auth_cache_put(cache, keys[i], auth_cache_snapshot(cache), 1000, &who);
    }
    struct principal found;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(auth_cache_get(cache, keys[i], 1001, &found), AUTH_CACHE_FOUND);
        assert_string_equal(found.company_id, names[i]);
    }
    assert_int_equal(auth_cache_get(cache, keys[2], 1001, &found), AUTH_CACHE_MISS);
    unsigned char another[TOKEN_HASH_BYTES] = {10};
    auth_cache_key_for_company(another, account); /* another token, the same company */
    assert_int_equal(auth_cache_get(cache, another, 1001, &found), AUTH_CACHE_MISS);
    auth_epochs_bump(&epochs, STR(account)); /* of the account, whichever the company */
    assert_int_equal(auth_cache_get(cache, keys[0], 1001, &found), AUTH_CACHE_MISS);
    assert_int_equal(auth_cache_get(cache, keys[1], 1001, &found), AUTH_CACHE_MISS);
}

static void a_full_set_makes_room(void **state) {
    (void)state;
    struct principal who = somebody();
    for (unsigned i = 0; i < 256; i++)
        put((unsigned char)i, auth_cache_snapshot(cache), 1000 + i, &who);
    assert_int_equal(get(255, 1300), AUTH_CACHE_FOUND);
}

int main(void) {
    if (sodium_init() < 0)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_has_the_documented_form),
        cmocka_unit_test(every_changed_character_breaks_the_checksum),
        cmocka_unit_test(a_link_s_secret_is_made_again),
        cmocka_unit_test(hashes_depend_on_the_key),
        cmocka_unit_test(the_key_file_is_made_once_and_kept_private),
        cmocka_unit_test_setup_teardown(entries_end_with_their_time, cache_setup, cache_teardown),
        cmocka_unit_test_setup_teardown(who_hears_nothing_uses_nothing, cache_setup,
                                        cache_teardown),
        cmocka_unit_test_setup_teardown(each_company_of_a_session_has_an_entry_of_its_own,
                                        cache_setup, cache_teardown),
        cmocka_unit_test_setup_teardown(a_revocation_ends_the_accounts_entries_only, cache_setup,
                                        cache_teardown),
        cmocka_unit_test_setup_teardown(a_look_up_overtaken_by_a_revocation_is_not_kept,
                                        cache_setup, cache_teardown),
        cmocka_unit_test_setup_teardown(a_full_set_makes_room, cache_setup, cache_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
