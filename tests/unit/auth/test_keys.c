/* The key ring: its text form, changes of the key file, hashes under several keys, sealed secrets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "segreteria/auth/keys.h"
#include "segreteria/auth/link.h"
#include "segreteria/auth/secret.h"
#include "segreteria/auth/token.h"

#define A "5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e"
#define B "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct buf error;

static enum status load(const char *text, struct keys *out) {
    buf_clear(&error);
    return keys_load(text, "/nowhere", out, &error);
}

static void text_forms(void **state) {
    (void)state;
    struct keys keys;
    assert_int_equal(load(A "\n", &keys), STATUS_OK);
    assert_int_equal(keys.count, 1);
    assert_false(keys.list[0].marks);
    char id[KEY_ID_SIZE];
    memcpy(id, keys.list[0].id_text, sizeof id);
    assert_int_equal(load("sgk_" A, &keys), STATUS_OK);
    assert_true(keys.list[0].marks);
    assert_string_equal(keys.list[0].id_text, id);
    assert_int_equal(load("sgk_" B " 2026-11-23T15:43:00Z next, " A, &keys), STATUS_OK);
    assert_int_equal(keys.count, 2);
    assert_int_equal(keys.current, 1);
    assert_string_equal(keys.list[0].made, "2026-11-23T15:43:00Z");
    assert_string_equal(keys_nth(&keys, 0)->id_text, id);
    assert_ptr_equal(keys_nth(&keys, 1), &keys.list[0]);
    assert_int_equal(load("# note, with a comma\r\n\r\nsgk_" B "\r\n" A "\r\n", &keys), STATUS_OK);
    assert_int_equal(keys.count, 2);
    assert_int_equal(keys.current, 0);
}

static void what_is_no_ring(void **state) {
    (void)state;
    static const char *const cases[] = {"",           "sgk_",           A "0",
                                        A " newest",  "sgk_" A " next", A "\n" A,
                                        A "\nsgk_" A, "sgk_ " A,        "not hexadecimal"};
    struct keys keys;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(load(cases[i], &keys), STATUS_INVALID);
        assert_null(strstr(error.data, "5e5e"));
    }
    char text[9 * 80] = "";
    size_t len = 0;
    for (unsigned i = 0; i < 9; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%064x", i > 0 ? "," : "", i);
    assert_int_equal(load(text, &keys), STATUS_INVALID);
}

static void a_rotation_step_by_step(void **state) {
    (void)state;
    char dir[] = "/tmp/segreteria-keys-XXXXXX", path[128];
    struct keys keys, first;
    struct stat info;
    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof path, "%s/master.key", dir);
    assert_int_equal(keys_file_add(dir, &keys, &error), STATUS_NOT_FOUND);
    assert_int_equal(keys_load(NULL, dir, &first, &error), STATUS_OK);
    assert_true(keys_current(&first)->marks);

    assert_int_equal(keys_file_add(dir, &keys, &error), STATUS_OK);
    assert_int_equal(keys.count, 2);
    assert_true(keys.list[0].next);
    assert_string_equal(keys_current(&keys)->id_text, keys_current(&first)->id_text);
    /* Broken off there, and begun again: the same key. */
    struct keys again;
    assert_int_equal(keys_file_add(dir, &again, &error), STATUS_OK);
    assert_memory_equal(&keys, &again, sizeof keys);

    assert_int_equal(keys_file_promote(dir, &keys, &error), STATUS_OK);
    assert_int_equal(keys.current, 0);
    assert_string_equal(keys.list[1].id_text, first.list[0].id_text);
    assert_int_equal(keys_file_promote(dir, &again, &error), STATUS_OK);
    assert_memory_equal(&keys, &again, sizeof keys);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);

    assert_int_equal(keys_file_remove(dir, "0000000000000000", &again, &error), STATUS_NOT_FOUND);
    assert_int_equal(keys_file_remove(dir, keys.list[0].id_text, &again, &error), STATUS_EXISTS);
    assert_int_equal(keys_file_remove(dir, keys.list[1].id_text, &again, &error), STATUS_OK);
    assert_int_equal(again.count, 1);
    assert_int_equal(keys_load(NULL, dir, &keys, &error), STATUS_OK);
    assert_memory_equal(&keys, &again, sizeof keys);

    for (unsigned i = 1; i < KEYS_MAX; i++) {
        assert_int_equal(keys_file_add(dir, &keys, &error), STATUS_OK);
        assert_int_equal(keys_file_promote(dir, &keys, &error), STATUS_OK);
    }
    assert_int_equal(keys.count, KEYS_MAX);
    assert_int_equal(keys_file_add(dir, &keys, &error), STATUS_TOO_LARGE);
    assert_int_equal(keys_load(NULL, dir, &again, &error), STATUS_OK);
    assert_int_equal(again.count, KEYS_MAX);
    (void)unlink(path);
    assert_int_equal(rmdir(dir), 0); /* nothing was left beside it */
}

static void hashes_name_their_key(void **state) {
    (void)state;
    struct keys keys;
    assert_int_equal(load("sgk_" B "," A, &keys), STATUS_OK);
    unsigned char current[TOKEN_HASH_BYTES], former[TOKEN_HASH_BYTES];
    token_hash(&keys, STR("sgr_x"), current);
    token_hash_with(&keys.list[1], STR("sgr_x"), former);
    assert_memory_equal(current + TOKEN_HASH_BYTES - KEY_ID_BYTES, keys.list[0].id, KEY_ID_BYTES);
    assert_memory_not_equal(former + TOKEN_HASH_BYTES - KEY_ID_BYTES, keys.list[1].id,
                            KEY_ID_BYTES);
    struct arena arena;
    arena_init(&arena, 4096);
    char a[TOKEN_HASH_TEXT_SIZE], b[TOKEN_HASH_TEXT_SIZE], both[300];
    token_hash_text(current, a);
    token_hash_text(former, b);
    (void)snprintf(both, sizeof both, "{\"\\%s\",\"\\%s\"}", a, b);
    struct str text = token_hashes_text(&keys, STR("sgr_x"), &arena);
    assert_string_equal(text.ptr, both);
    assert_int_equal(text.len, strlen(both));
    arena_deinit(&arena);
}

static void links_outlive_their_key(void **state) {
    (void)state;
    struct keys before, after, retired;
    assert_int_equal(load("sgk_" A, &before), STATUS_OK);
    assert_int_equal(load("sgk_" B ",sgk_" A, &after), STATUS_OK);
    assert_int_equal(load("sgk_" B, &retired), STATUS_OK);
    const struct uuid id = uuid_v7();
    char secret[TOKEN_TEXT_SIZE], found[TOKEN_TEXT_SIZE];
    unsigned char hash[TOKEN_HASH_BYTES];
    link_secret(keys_current(&before), STR("invitation"), &id, secret);
    token_hash(&before, str_of(secret), hash);
    assert_int_equal(link_secret_stored(&after, STR("invitation"), &id, hash, found), STATUS_OK);
    assert_string_equal(found, secret);
    assert_int_equal(link_secret_stored(&retired, STR("invitation"), &id, hash, found),
                     STATUS_NOT_FOUND);
    assert_int_equal(link_secret_stored(&after, STR("verify_email"), &id, hash, found),
                     STATUS_NOT_FOUND);
}

static struct str bytes(const unsigned char *ptr, size_t len) {
    return str_from((const char *)ptr, len);
}

static void secrets_open_only_where_they_belong(void **state) {
    (void)state;
    struct keys keys, rotated, retired;
    assert_int_equal(load("sgk_" A, &keys), STATUS_OK);
    assert_int_equal(load("sgk_" B ",sgk_" A, &rotated), STATUS_OK);
    assert_int_equal(load("sgk_" B, &retired), STATUS_OK);
    const struct str plain = STR("twenty bytes of TOTP"), owner = STR("account 1");
    unsigned char sealed[20 + SECRET_OVERHEAD], again[sizeof sealed], opened[20];
    const struct str text = bytes(sealed, sizeof sealed);
    secret_seal(&keys, SECRET_TOTP, owner, plain, sealed);
    secret_seal(&keys, SECRET_TOTP, owner, plain, again);
    assert_memory_not_equal(sealed, again, sizeof sealed);
    assert_int_equal(secret_open(&rotated, SECRET_TOTP, owner, text, opened), STATUS_OK);
    assert_memory_equal(opened, plain.ptr, plain.len);
    assert_true(secret_is_current(&keys, text));
    assert_false(secret_is_current(&rotated, text));
    assert_int_equal(secret_open(&retired, SECRET_TOTP, owner, text, opened), STATUS_NOT_FOUND);
    assert_int_equal(secret_open(&keys, SECRET_DOCUMENT, owner, text, opened), STATUS_MISMATCH);
    assert_int_equal(secret_open(&keys, SECRET_TOTP, STR("account 2"), text, opened),
                     STATUS_MISMATCH);
    for (size_t i = 0; i < sizeof sealed; i++) {
        sealed[i] ^= 1;
        assert_int_not_equal(secret_open(&keys, SECRET_TOTP, owner, text, opened), STATUS_OK);
        sealed[i] ^= 1;
        assert_int_not_equal(secret_open(&keys, SECRET_TOTP, owner, bytes(sealed, i), opened),
                             STATUS_OK);
    }
}

static int setup(void **state) {
    (void)state;
    buf_init(&error, 1000);
    return sodium_init() < 0 ? -1 : 0;
}

static int teardown(void **state) {
    (void)state;
    buf_deinit(&error);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_forms),
        cmocka_unit_test(what_is_no_ring),
        cmocka_unit_test(a_rotation_step_by_step),
        cmocka_unit_test(hashes_name_their_key),
        cmocka_unit_test(links_outlive_their_key),
        cmocka_unit_test(secrets_open_only_where_they_belong),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
