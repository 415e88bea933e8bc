/* Compiles small descriptions, written with single quotes, for the tests of the room. */
#include "helper_contract.h"

static void append_quoted(struct buf *out, const char *text) {
    for (; *text != '\0'; text++)
        buf_append_char(out, *text == '\'' ? '"' : *text);
}

enum status helper_contract_try(const char *paths, const char *components, struct contract **out,
                                struct buf *error) {
    struct buf json;
    buf_init(&json, 1 << 20);
    append_quoted(
        &json,
        "{'openapi': '3.1.0', 'info': {'title': 'x', 'version': '1'}, 'x-segreteria-problems': {"
        "'not_found': {'status': 404, 'title': {'en': 'a', 'it': 'b'}, 'detail': {'en': 'c', 'it': 'd'}, "
        "'help': {'en': 'e', 'it': 'f'}}, "
        "'conflict': {'status': 409, 'title': {'en': 'a', 'it': 'b'}, 'detail': {'en': 'c', 'it': 'd'}, "
        "'help': {'en': 'e', 'it': 'f'}}}, 'paths': {");
    append_quoted(&json, paths);
    append_quoted(&json, "}, 'components': {");
    append_quoted(&json, components);
    append_quoted(&json, "}}");
    assert_int_equal(json.status, STATUS_OK);
    enum status status = contract_create(json.data, json.len, out, error);
    buf_deinit(&json);
    return status;
}

struct contract *helper_contract(const char *paths, const char *components) {
    struct contract *contract = NULL;
    struct buf error;
    buf_init(&error, 4096);
    enum status status = helper_contract_try(paths, components, &contract, &error);
    if (status != STATUS_OK)
        print_error("%s: %s\n", status_name(status), error.data == NULL ? "" : error.data);
    buf_deinit(&error);
    assert_int_equal(status, STATUS_OK);
    return contract;
}

void assert_str(struct str actual, const char *expected) {
    if (!str_eq(actual, str_of(expected)))
        fail_msg("'%.*s' instead of '%s'", STR_FMT(actual), expected);
}
