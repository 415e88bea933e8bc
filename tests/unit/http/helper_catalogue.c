/* The description behind test_contract. */
#include "helper_catalogue.h"

#include <stdio.h>
#include <stdlib.h>

static const struct {
    const char *code;
    int status;
} problems[] = {
    {"malformed_request", 400},
    {"method_not_allowed", 405},
    {"not_found", 404},
    {"not_acceptable", 406},
    {"timeout", 408},
    {"payload_too_large", 413},
    {"uri_too_long", 414},
    {"headers_too_large", 431},
    {"overloaded", 503},
    {"unsupported_media_type", 415},
    {"expectation_failed", 417},
    {"internal_error", 500},
    {"not_implemented", 501},
    {"unavailable", 503},
    {"unauthorized", 401},
    {"validation_failed", 422},
    {"invalid_parameter", 400},
    {"version_not_supported", 505},
};

static void add_get(struct buf *out, const char *path, const char *id, const char *extra) {
    buf_printf(out,
               "\"%s\":{\"get\":{\"operationId\":\"%s\",\"summary\":\"x\",\"security\":[],%s"
               "\"responses\":{\"200\":"
               "{\"description\":\"ok\",\"content\":{\"application/json\":{\"schema\":{}}}}}}}",
               path, id, extra);
}

static void add_problem(struct buf *out, const char *code, int status) {
    buf_printf(out,
               "\"%s\":{\"status\":%d,\"title\":{\"en\":\"Title of %s\",\"it\":\"Titolo di %s\"},"
               "\"detail\":{\"en\":"
               "\"Detail of %s.\",\"it\":\"Dettaglio di %s.\"},"
               "\"help\":{\"en\":\"Help.\",\"it\":\"Aiuto.\"}}",
               code, status, code, code, code, code);
}

struct contract *test_contract(void) {
    struct contract *contract = NULL;
    struct buf text, error;
    buf_init(&text, 65536);
    buf_init(&error, 4096);
    buf_append_text(
        &text, "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"t\",\"version\":\"1\"},\"paths\":{");
    add_get(&text, "/livez", "system_livez", "\"x-segreteria-cache\":\"no-store\",");
    buf_append_char(&text, ',');
    add_get(&text, "/public", "test_public",
            "\"x-segreteria-cache\":\"public\",\"x-segreteria-max-age\":30,"
            "\"x-segreteria-cors\":\"public\",");
    buf_append_text(&text, "},\"x-segreteria-problems\":{");
    for (size_t i = 0; i < sizeof problems / sizeof *problems; i++) {
        if (i > 0)
            buf_append_char(&text, ',');
        add_problem(&text, problems[i].code, problems[i].status);
    }
    buf_append_text(&text, "}}");
    if (buf_status(&text) != STATUS_OK ||
        contract_create(text.data, text.len, &contract, &error) != STATUS_OK) {
        (void)fprintf(stderr, "test contract: %.*s\n", (int)error.len,
                      error.data == NULL ? "" : error.data);
        abort();
    }
    buf_deinit(&text);
    buf_deinit(&error);
    return contract;
}
