/* multipart/form-data, however the bytes are cut up. */
#include "segreteria/http/multipart.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define TYPE "multipart/form-data; boundary=\"a b\""

/* Everything that came of a body fed in pieces: "name/filename:content|" a part, "." for the end,
 * "!" for malformed. */
static const char *read_all(const char *type, const char *body, size_t len, size_t piece) {
    static char out[8192];
    static struct multipart form;
    size_t n = 0;
    out[0] = '\0';
    if (multipart_init(&form, str_of(type)) != STATUS_OK)
        return "?";
    for (size_t at = 0; at < len; at += piece) {
        struct str input = str_from(body + at, len - at < piece ? len - at : piece), data;
        for (enum multipart_event event = MULTIPART_PART; event != MULTIPART_MORE;) {
            event = multipart_next(&form, &input, &data);
            if (event == MULTIPART_PART)
                n += (size_t)snprintf(out + n, sizeof out - n, "%s/%s:", form.name,
                                      form.has_filename ? form.filename : "-");
            else if (event == MULTIPART_DATA)
                n += (size_t)snprintf(out + n, sizeof out - n, "%.*s", STR_FMT(data));
            else if (event == MULTIPART_PART_END)
                n += (size_t)snprintf(out + n, sizeof out - n, "|");
            else if (event == MULTIPART_END)
                n += (size_t)snprintf(out + n, sizeof out - n, ".");
            else if (event == MULTIPART_MALFORMED)
                return "!";
            assert_true(n < sizeof out);
        }
    }
    return multipart_is_complete(&form) ? out : "incomplete";
}

static void gives(const char *body, const char *expected) {
    for (size_t piece = 1; piece <= strlen(body) + 1; piece++)
        assert_string_equal(read_all(TYPE, body, strlen(body), piece), expected);
}

static void reads_parts(void **state) {
    (void)state;
    gives("--a b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\none\r\n--a b--\r\n",
          "x/-:one|.");
    gives("preamble\r\n--a b \t\r\n"
          "content-disposition:form-data;filename=cv.pdf; name=f\r\nX: y\r\n\r\n"
          "\r\n--a \r\n-\r\r\n\r\n--a b\r\n"
          "Content-Disposition: form-data; name=g\r\n\r\n\r\n--a b--epilogue",
          "f/cv.pdf:\r\n--a \r\n-\r\r\n|g/-:|.");
    gives("--a b\r\n"
          "Content-Disposition: form-data; name=\"a\\\"b\"; "
          "filename=\"C:\\x\\\\y.pdf\"\r\n\r\n1\r\n--a b--",
          "a\"b/C:\\x\\y.pdf:1|.");
}

static void refuses_what_it_cannot_read(void **state) {
    (void)state;
    gives("--a b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--a b--", "!");
    gives("--a b\r\nContent-Disposition: attachment; name=x\r\n\r\nx\r\n--a b--", "!");
    gives("--a b\r\nno colon\r\n\r\nx\r\n--a b--", "!");
    gives("--a b\r\nContent-Disposition: form-data; name=\"open\r\n\r\nx\r\n--a b--", "!");
    gives("--a bx\r\n", "!");
    gives("--a b\r\n\r\nx", "!");
    gives("--a b\r\nContent-Disposition: form-data; name=x\r\n\r\nx\r\n--a b", "incomplete");
    gives("--a b\r\nContent-Disposition: form-data; name=x\r\n\r\nx", "incomplete");
    gives("nothing", "incomplete");
}

static void takes_a_boundary_or_nothing(void **state) {
    (void)state;
    static const char *const wrong[] = {"multipart/form-data",
                                        "multipart/mixed; boundary=x",
                                        "multipart/form-data; boundary=",
                                        "multipart/form-data; boundary=\"x",
                                        "multipart/form-data; boundary=\"a\rb\"",
                                        "text/plain"};
    struct multipart form;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(multipart_init(&form, str_of(wrong[i])), STATUS_INVALID);
    assert_int_equal(multipart_init(&form, STR("Multipart/Form-Data ;charset=x; BOUNDARY=x")),
                     STATUS_OK);
    char longest[128] = "multipart/form-data; boundary=";
    memset(longest + strlen(longest), 'b', MULTIPART_BOUNDARY_MAX);
    assert_int_equal(multipart_init(&form, str_of(longest)), STATUS_OK);
    longest[strlen(longest)] = 'b';
    assert_int_equal(multipart_init(&form, str_of(longest)), STATUS_INVALID);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_parts),
        cmocka_unit_test(refuses_what_it_cannot_read),
        cmocka_unit_test(takes_a_boundary_or_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
