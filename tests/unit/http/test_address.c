/* Addresses and networks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "segreteria/http/address.h"

static struct http_address address(const char *text) {
    struct http_address out;
    assert_int_equal(http_address_parse(str_of(text), &out), STATUS_OK);
    return out;
}

static void text_and_back(void **state) {
    (void)state;
    static const struct {
        const char *in, *out;
    } cases[] = {{"1.2.3.4", "1.2.3.4"},
                 {"::ffff:1.2.3.4", "1.2.3.4"},
                 {"::FFFF:102:304", "1.2.3.4"},
                 {"2001:DB8:0:0::1", "2001:db8::1"},
                 {"::", "::"},
                 {"255.255.255.255", "255.255.255.255"}};
    char text[HTTP_ADDRESS_SIZE];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct http_address parsed = address(cases[i].in);
        http_address_format(&parsed, text);
        assert_string_equal(text, cases[i].out);
    }
}

static void what_is_no_address(void **state) {
    (void)state;
    static const char *const cases[] = {
        "",           " 1.2.3.4",       "1.2.3.4 ",
        "1.2.3",      "1.2.3.04",       "0x1.2.3.4",
        "1.2.3.4:80", "[::1]",          "::1%lo",
        "1.2.3.4/32", "2001:db8::1::2", "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255.255"};
    struct http_address out;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(http_address_parse(str_of(cases[i]), &out), STATUS_INVALID);
    assert_int_equal(http_address_parse(str_from("1.2.3.4\0", 8), &out), STATUS_INVALID);
}

static void networks(void **state) {
    (void)state;
    static const struct {
        const char *network, *inside, *outside;
    } cases[] = {{"10.0.0.0/8", "10.255.0.1", "11.0.0.0"},
                 {"192.168.4.0/22", "192.168.7.255", "192.168.8.0"},
                 {"127.0.0.1", "127.0.0.1", "127.0.0.2"},
                 {"127.0.0.1/32", "::ffff:127.0.0.1", "::1"},
                 {"2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"},
                 {"2001:db8::/33", "2001:db8:7fff::", "2001:db8:8000::"},
                 {"0.0.0.0/0", "203.0.113.1", "2001:db8::1"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct http_network network;
        assert_int_equal(http_network_parse(str_of(cases[i].network), &network), STATUS_OK);
        struct http_address inside = address(cases[i].inside), outside = address(cases[i].outside);
        assert_true(http_network_contains(&network, &inside));
        assert_false(http_network_contains(&network, &outside));
    }
    struct http_network all;
    struct http_address any = address("::");
    assert_int_equal(http_network_parse(STR("::/0"), &all), STATUS_OK);
    assert_true(http_network_contains(&all, &any));
}

static void what_is_no_network(void **state) {
    (void)state;
    static const char *const cases[] = {
        "",   "10.0.0.0/",    "10.0.0.0/33", "10.0.0.1/8",  "10.0.0.0/x",    "::/129",
        "/8", "10.0.0.0/8/8", "localhost",   "10.0.0.0/-1", "2001:db8::1/64"};
    struct http_network out;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(http_network_parse(str_of(cases[i]), &out), STATUS_INVALID);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_and_back),
        cmocka_unit_test(what_is_no_address),
        cmocka_unit_test(networks),
        cmocka_unit_test(what_is_no_network),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
