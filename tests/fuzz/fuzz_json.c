/* Fuzz target: a request body. Whatever it is, parsing ends within its memory; what is accepted
 * jansson accepts too, is UTF-8, and reads the same once written. Build with clang
 * -fsanitize=fuzzer,address,undefined.
 */
#include <stdlib.h>
#include <string.h>

#include "segreteria/contract/contract.h"

#define ARENA_MAX ((size_t)8 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition) {
    if (!condition)
        abort();
}

static void check_refusal(const struct violations *violations) {
    require(violations->count > 0);
    for (const struct violation *one = violations->first; one != NULL; one = one->next)
        require(one->code != NULL && str_is_utf8(one->pointer) && str_is_utf8(one->params[0]));
}

static void check_accepted(struct str body, const json_t *json, struct arena *arena) {
    json_t *other = json_loadb(body.ptr, body.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
    require(other != NULL);
    json_decref(other);
    struct str first, second;
    struct violations violations;
    violations_init(&violations, arena);
    json_t *again = NULL;
    require(contract_write_json(json, arena, &first) == STATUS_OK && str_is_utf8(first));
    require(contract_parse_json(first, arena, &violations, &again) == STATUS_OK);
    require(contract_write_json(again, arena, &second) == STATUS_OK && str_eq(first, second));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct str body = str_from((const char *)data, size);
    struct arena arena;
    arena_init(&arena, ARENA_MAX);
    struct violations violations;
    violations_init(&violations, &arena);
    json_t *json = NULL;
    enum status status = contract_parse_json(body, &arena, &violations, &json);
    if (status == STATUS_OK)
        check_accepted(body, json, &arena);
    else if (status == STATUS_INVALID)
        check_refusal(&violations);
    arena_deinit(&arena);
    return 0;
}
