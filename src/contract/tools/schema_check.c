/* schema-check: tells whether a JSON document fits a JSON Schema (2020-12), with the same validator
 * as the server's.
 *
 *   schema-check [--lang en|it] SCHEMA.json[#/json/pointer] < instance.json
 *
 * Exit status: 0 valid; 1 invalid, one line a violation on standard output (pointer, code, text,
 * separated by tabs); 2 the schema uses a keyword that is not supported, named on standard error; 3
 * the schema or the instance cannot be read (or memory ran out), with the reason on standard error.
 */
#include <stdio.h>
#include <string.h>

#include "segreteria/contract/schema.h"

enum { EXIT_VALID = 0, EXIT_INVALID = 1, EXIT_UNSUPPORTED = 2, EXIT_UNREADABLE = 3 };

#define ARENA_MAX ((size_t)512 * 1024 * 1024)

/* Numbers beyond 64 bits are read as doubles, which the server refuses; here they only have to be
 * judged. */
static json_t *load(FILE *file, const char *name) {
    struct buf text;
    buf_init(&text, (size_t)256 * 1024 * 1024);
    for (char *room = buf_reserve(&text, 65536); room != NULL; room = buf_reserve(&text, 65536)) {
        size_t n = fread(room, 1, 65536, file);
        if (n == 0) {
            break;
        }
        buf_commit(&text, n);
    }
    json_error_t error = {.line = 0};
    json_t *json = NULL;
    if (ferror(file) || buf_status(&text) != STATUS_OK) {
        (void)snprintf(error.text, sizeof error.text, "cannot be read");
    } else {
        size_t flags = JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL;
        const char *data = text.data == NULL ? "" : text.data;
        json = json_loadb(data, text.len, flags, &error);
        if (json == NULL && json_error_code(&error) == json_error_numeric_overflow) {
            json = json_loadb(data, text.len, flags | JSON_DECODE_INT_AS_REAL, &error);
        }
    }
    buf_deinit(&text);
    if (json == NULL) {
        (void)fprintf(stderr, "schema-check: %s: line %d, column %d: %s\n", name, error.line,
                      error.column, error.text);
    }
    return json;
}

static void print_violations(const struct violations *violations, const char *lang) {
    for (const struct violation *one = violations->first; one != NULL; one = one->next) {
        struct buf text;
        buf_init(&text, 65536);
        violation_describe(one, lang, &text);
        (void)printf("%.*s\t%s\t%.*s\n", STR_FMT(one->pointer), one->code, STR_FMT(buf_str(&text)));
        buf_deinit(&text);
    }
    if (violations->count > violations->max) {
        (void)printf("(%zu more)\n", violations->count - violations->max);
    }
}

static int check(json_t *root, struct str pointer, const json_t *instance, const char *lang) {
    struct buf error;
    buf_init(&error, 4096);
    struct schema_set *set = NULL;
    const struct schema *schema = NULL;
    enum status status = schema_set_create(root, &set, &error);
    if (status == STATUS_OK) {
        status = schema_compile(set, pointer, &schema, &error);
    }
    int result = EXIT_VALID;
    if (status != STATUS_OK) {
        (void)fprintf(stderr, "schema-check: %.*s\n", STR_FMT(buf_str(&error)));
        result = status == STATUS_UNSUPPORTED ? EXIT_UNSUPPORTED : EXIT_UNREADABLE;
    } else {
        struct arena arena;
        arena_init(&arena, ARENA_MAX);
        struct violations violations;
        violations_init(&violations, &arena);
        if (!schema_validate(schema, instance, STR(""), &violations)) {
            (void)fprintf(stderr, "schema-check: out of memory\n");
            result = EXIT_UNREADABLE;
        } else if (violations.count > 0) {
            print_violations(&violations, lang);
            result = EXIT_INVALID;
        }
        arena_deinit(&arena);
    }
    schema_set_destroy(set);
    buf_deinit(&error);
    return result;
}

int main(int argc, char **argv) {
    const char *lang = "en";
    int at = 1;
    if (argc == 4 && strcmp(argv[1], "--lang") == 0) {
        lang = argv[2];
        at = 3;
    }
    if (argc != at + 1 || argv[at][0] == '-') {
        (void)fprintf(
            stderr, "usage: schema-check [--lang en|it] SCHEMA.json[#/pointer] < instance.json\n");
        return EXIT_UNREADABLE;
    }
    char *path = argv[at];
    char *hash = strchr(path, '#');
    struct str pointer = STR("");
    if (hash != NULL) {
        pointer = str_of(hash + 1);
        *hash = '\0';
    }
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        (void)fprintf(stderr, "schema-check: %s cannot be opened\n", path);
        return EXIT_UNREADABLE;
    }
    json_t *root = load(file, path);
    (void)fclose(file);
    json_t *instance = root == NULL ? NULL : load(stdin, "standard input");
    int result = instance == NULL ? EXIT_UNREADABLE : check(root, pointer, instance, lang);
    json_decref(instance);
    json_decref(root);
    return result;
}
