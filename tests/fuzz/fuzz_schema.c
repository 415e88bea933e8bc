/* Fuzz target: a schema and an instance, separated by a NUL byte or a line "---". Whatever they
 * are, compiling and validating must end soon, within their memory, and tell the same twice.
 *
 * With libFuzzer: clang -fsanitize=fuzzer,address ... Without: driver.c has a main.
 */
#include <stdlib.h>
#include <string.h>

#include "segreteria/contract/schema.h"

#define INPUT_MAX ((size_t)64 * 1024)
#define ARENA_MAX ((size_t)16 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Where the instance begins; 0 if there is no separator. */
static size_t instance_start(const char *text, size_t size, size_t *schema_len) {
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '\0') {
            *schema_len = i;
            return i + 1;
        }
        if (i + 5 <= size && memcmp(text + i, "\n---\n", 5) == 0) {
            *schema_len = i;
            return i + 5;
        }
    }
    return 0;
}

static size_t validate(const struct schema *schema, const json_t *instance) {
    struct arena arena;
    arena_init(&arena, ARENA_MAX);
    struct violations violations;
    violations_init(&violations, &arena);
    bool verdict = schema_validate(schema, instance, STR(""), &violations);
    for (const struct violation *one = violations.first; one != NULL; one = one->next) {
        struct buf text;
        buf_init(&text, (size_t)1024 * 1024);
        violation_describe(one, "en", &text);
        violation_describe(one, "it", &text);
        if (text.len == 0 || !str_is_utf8(one->pointer)) {
            abort();
        }
        buf_deinit(&text);
    }
    size_t count = verdict ? violations.count : SIZE_MAX;
    arena_deinit(&arena);
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *text = (const char *)data;
    size_t schema_len = 0;
    size_t start = size > INPUT_MAX ? 0 : instance_start(text, size, &schema_len);
    json_t *root = start == 0
                       ? NULL
                       : json_loadb(text, schema_len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    json_t *instance = root == NULL ? NULL
                                    : json_loadb(text + start, size - start,
                                                 JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    if (instance != NULL) {
        struct buf error;
        buf_init(&error, 4096);
        struct schema_set *set = NULL;
        const struct schema *schema = NULL;
        if (schema_set_create(root, &set, &error) == STATUS_OK) {
            enum status status = schema_compile(set, STR(""), &schema, &error);
            if (status != STATUS_OK && error.len == 0) {
                abort(); /* a refusal without a reason */
            }
            if (status == STATUS_OK) {
                size_t first = validate(schema, instance), second = validate(schema, instance);
                if (first != second) {
                    abort();
                }
            }
        }
        schema_set_destroy(set);
        buf_deinit(&error);
    }
    json_decref(instance);
    json_decref(root);
    return 0;
}
