/* Negotiation, entity tags and codings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#include "compress.h"
#include "etag.h"
#include "segreteria/http/reply.h"

static void test_coding(void **state) {
    (void)state;
    static const struct {
        const char *field;
        enum coding compressible, other;
    } cases[] = {
        {NULL, CODING_IDENTITY, CODING_IDENTITY},
        {"", CODING_IDENTITY, CODING_IDENTITY},
        {"gzip", CODING_GZIP, CODING_IDENTITY},
        {"x-gzip", CODING_GZIP, CODING_IDENTITY},
        {"GZIP", CODING_GZIP, CODING_IDENTITY},
        {"br", CODING_BR, CODING_IDENTITY},
        {"zstd", CODING_ZSTD, CODING_IDENTITY},
        {"deflate, compress", CODING_IDENTITY, CODING_IDENTITY},
        {"gzip, deflate, br, zstd", CODING_ZSTD, CODING_IDENTITY},
        {"gzip;q=1.0, br;q=0.9, zstd;q=0.1", CODING_GZIP, CODING_IDENTITY},
        {"gzip;q=0", CODING_IDENTITY, CODING_IDENTITY},
        {"gzip;q=0, *", CODING_ZSTD, CODING_IDENTITY},
        {"*", CODING_ZSTD, CODING_IDENTITY},
        {"*;q=0", CODING_NONE, CODING_NONE},
        {"identity;q=0", CODING_NONE, CODING_NONE},
        {"identity;q=0, gzip", CODING_GZIP, CODING_GZIP},
        {"identity;q=0, *;q=0.5", CODING_ZSTD, CODING_ZSTD},
        {"gzip;q=0.2, identity;q=0.5", CODING_IDENTITY, CODING_IDENTITY},
        {"gzip;q=0.5, identity;q=0.5", CODING_GZIP, CODING_IDENTITY},
        {"identity", CODING_IDENTITY, CODING_IDENTITY},
        {"gzip;q=2", CODING_IDENTITY, CODING_IDENTITY},
        {"gzip;q=x, br", CODING_BR, CODING_IDENTITY},
        {", ,gzip , ", CODING_GZIP, CODING_IDENTITY},
        {"gzip;q=0.001", CODING_GZIP, CODING_IDENTITY},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(negotiate_coding(str_of(cases[i].field), true), cases[i].compressible);
        assert_int_equal(negotiate_coding(str_of(cases[i].field), false), cases[i].other);
    }
}

static void test_lang(void **state) {
    (void)state;
    static const struct {
        const char *field;
        enum lang lang;
    } cases[] = {
        {NULL, LANG_EN},           {"", LANG_EN},         {"it", LANG_IT},
        {"it-IT", LANG_IT},        {"IT", LANG_IT},       {"de", LANG_EN},
        {"de, it", LANG_IT},       {"en, it", LANG_EN},   {"en;q=0.5, it", LANG_IT},
        {"it;q=0.5, en", LANG_EN}, {"it;q=0", LANG_EN},   {"*, it;q=0.5", LANG_EN},
        {"italian", LANG_EN},      {"it;q=1.5", LANG_EN}, {"it-CH;q=0.9, de", LANG_IT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(negotiate_lang(str_of(cases[i].field)), cases[i].lang);
}

static void test_type(void **state) {
    (void)state;
    const struct str types[] = {STR("application/json"), STR("application/ld+json"),
                                STR("text/csv; charset=utf-8")};
    static const struct {
        const char *field;
        int index;
    } cases[] = {
        {NULL, 0},
        {"", 0},
        {"*/*", 0},
        {"application/*", 0},
        {"application/ld+json", 1},
        {"text/csv", 2},
        {"TEXT/CSV", 2},
        {"text/*", 2},
        {"text/html", -1},
        {"application/json;q=0.5, application/ld+json", 1},
        {"application/json;q=0, */*", 1},
        {"*/*;q=0.1, text/csv;q=0.2", 2},
        {"application/json;q=0", -1},
        {"text/html, */*;q=0.8", 0},
        {"app/*", -1},
        {"application/jso", -1},
        {"application/json;charset=utf-8", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(http_negotiate_type(str_of(cases[i].field), types, 3), cases[i].index);
    assert_int_equal(http_negotiate_type(STR("*/*"), types, 0), -1);
}

static void test_etag_format(void **state) {
    (void)state;
    char text[32];
    assert_int_equal(etag_format(STR("abc"), CODING_IDENTITY, text, sizeof text), 5);
    assert_string_equal(text, "\"abc\"");
    assert_int_equal(etag_format(STR("abc"), CODING_GZIP, text, sizeof text), 10);
    assert_string_equal(text, "\"abc-gzip\"");
    assert_int_equal(etag_format(STR("abc"), CODING_ZSTD, text, 10), 0);
}

static void test_etag_of(void **state) {
    (void)state;
    const unsigned char key[16] = {0};
    const struct str one[] = {STR("ab"), STR("c")}, other[] = {STR("ab"), STR("d")},
                     turned[] = {STR("c"), STR("ab")};
    char a[ETAG_OPAQUE_SIZE], b[ETAG_OPAQUE_SIZE];
    etag_of(key, one, 2, a);
    etag_of(key, one, 2, b);
    assert_string_equal(a, b);
    assert_int_equal(strlen(a), 22);
    etag_of(key, other, 2, b);
    assert_string_not_equal(a, b);
    etag_of(key, turned, 2, b);
    assert_string_not_equal(a, b);
    etag_of(key, NULL, 0, b);
    assert_string_not_equal(a, b);
}

static void test_etag_list(void **state) {
    (void)state;
    static const struct {
        const char *list;
        bool matches;
    } cases[] = {
        {"\"abc\"", true},
        {"W/\"abc\"", true},
        {"*", true},
        {" * ", true},
        {"\"x\", \"abc\"", true},
        {"\"x\",W/\"abc\"", true},
        {"\"ab\"", false},
        {"\"abcd\"", false},
        {"abc", false},
        {"\"abc", false},
        {"", false},
        {"\"x,\\\"abc\\\"\"", false},
        {"\"a,b\", \"abc\"", true},
        {"W/abc", false},
        {"\"ABC\"", false},
        {",,\"abc\"", true},
        {"W/", false},
        {"\"", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(etag_list_matches(str_of(cases[i].list), STR("\"abc\"")),
                         cases[i].matches);
}

static void test_compress_types(void **state) {
    (void)state;
    assert_true(compress_type(STR("application/json")));
    assert_true(compress_type(STR("application/problem+json")));
    assert_true(compress_type(STR("text/html; charset=utf-8")));
    assert_true(compress_type(STR("image/svg+xml")));
    assert_false(compress_type(STR("image/png")));
    assert_false(compress_type(STR("application/zip")));
}

static char *sample(size_t len) {
    char *text = malloc(len);
    assert_non_null(text);
    for (size_t i = 0; i < len; i++)
        text[i] = (char)('a' + (i * i / 7) % 11);
    return text;
}

static void test_compress_gzip(void **state) {
    (void)state;
    struct compressor *compressor;
    assert_int_equal(compressor_create(&compressor), STATUS_OK);
    char *text = sample(10000), *out, back[10001];
    const struct str parts[] = {str_from(text, 1), STR(""), str_from(text + 1, 9999)};
    for (unsigned round = 0; round < 3; round++) { /* the stream is used again */
        size_t len;
        assert_int_equal(compress_parts(compressor, CODING_GZIP, parts, 3, &out, &len), STATUS_OK);
        assert_true(len < 10000);
        z_stream stream = {.next_in = (Bytef *)out,
                           .avail_in = (uInt)len,
                           .next_out = (Bytef *)back,
                           .avail_out = sizeof back};
        assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
        assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
        assert_int_equal(stream.total_out, 10000);
        assert_memory_equal(back, text, 10000);
        (void)inflateEnd(&stream);
        free(out);
    }
    free(text);
    compressor_destroy(compressor);
}

static void test_compress_zstd(void **state) {
    (void)state;
    struct compressor *compressor;
    assert_int_equal(compressor_create(&compressor), STATUS_OK);
    char *text = sample(10000), *out, back[10000];
    const struct str parts[] = {str_from(text, 5000), str_from(text + 5000, 5000)};
    size_t len;
    assert_int_equal(compress_parts(compressor, CODING_ZSTD, parts, 2, &out, &len), STATUS_OK);
    assert_int_equal(ZSTD_decompress(back, sizeof back, out, len), 10000);
    assert_memory_equal(back, text, 10000);
    free(out);
    assert_int_equal(compress_parts(compressor, CODING_BR, parts, 2, &out, &len), STATUS_OK);
    assert_true(len > 0 && len < 10000);
    free(out);
    free(text);
    compressor_destroy(compressor);
}

/* What does not get smaller goes out as it is. */
static void test_compress_noise(void **state) {
    (void)state;
    struct compressor *compressor;
    assert_int_equal(compressor_create(&compressor), STATUS_OK);
    char noise[4000], *out;
    uint32_t x = 1;
    for (size_t i = 0; i < sizeof noise; i++) {
        x = x * 1664525u + 1013904223u;
        noise[i] = (char)(x >> 24);
    }
    const struct str part = str_from(noise, sizeof noise);
    size_t len;
    for (enum coding coding = CODING_GZIP; coding <= CODING_ZSTD; coding++)
        if (compress_parts(compressor, coding, &part, 1, &out, &len) == STATUS_OK) {
            assert_true(len <= sizeof noise + 64);
            free(out);
        }
    assert_int_equal(compress_parts(compressor, CODING_GZIP, &part, 0, &out, &len),
                     STATUS_TOO_LARGE);
    compressor_destroy(compressor);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_coding),         cmocka_unit_test(test_lang),
        cmocka_unit_test(test_type),           cmocka_unit_test(test_etag_format),
        cmocka_unit_test(test_etag_of),        cmocka_unit_test(test_etag_list),
        cmocka_unit_test(test_compress_types), cmocka_unit_test(test_compress_gzip),
        cmocka_unit_test(test_compress_zstd),  cmocka_unit_test(test_compress_noise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
