/* Fuzz target: a schema and an instance, separated by a NUL byte or a line "---". Whatever they
 * are, compiling and validating must end soon, within their memory, and tell the same twice.
 *
 * With libFuzzer: clang -fsanitize=fuzzer,address ... (LLVMFuzzerTestOneInput). Without: FUZZ_MAIN
 * adds a main that runs the files it is given, or with `--mutate COUNT SEED FILE...` that many
 * random changes of them.
 */
#include <stdio.h>
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
            if (status == STATUS_OK && validate(schema, instance) != validate(schema, instance)) {
                abort();
            }
        }
        schema_set_destroy(set);
        buf_deinit(&error);
    }
    json_decref(instance);
    json_decref(root);
    return 0;
}

#ifdef FUZZ_MAIN

struct input {
    uint8_t *data;
    size_t size;
};

static uint64_t next_random(uint64_t *state) { /* xorshift64* */
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545F4914F6CDD1DU;
}

static bool input_read(const char *path, struct input *out) {
    FILE *file = fopen(path, "rb");
    out->data = malloc(INPUT_MAX);
    if (file == NULL || out->data == NULL) {
        (void)fprintf(stderr, "%s cannot be read\n", path);
        if (file != NULL) {
            (void)fclose(file);
        }
        return false;
    }
    out->size = fread(out->data, 1, INPUT_MAX, file);
    (void)fclose(file);
    return true;
}

/* One small change: a byte, a deletion, or a piece of another input put in. */
static void mutate(struct input *input, const struct input *other, uint64_t *random) {
    static const char bytes[] = "{}[]\",:0123456789-.etruefalsn\\$#/ua\x80\xC3";
    size_t at = input->size == 0 ? 0 : next_random(random) % input->size;
    size_t len = 1 + next_random(random) % 24;
    switch (next_random(random) % 4) {
    case 0:
        if (input->size > 0) {
            input->data[at] = (uint8_t)bytes[next_random(random) % (sizeof bytes - 1)];
        }
        break;
    case 1:
        len = len < input->size - at ? len : input->size - at;
        memmove(input->data + at, input->data + at + len, input->size - at - len);
        input->size -= len;
        break;
    default: {
        size_t from = other->size == 0 ? 0 : next_random(random) % other->size;
        len = len < other->size - from ? len : other->size - from;
        if (input->size + len <= INPUT_MAX) {
            memmove(input->data + at + len, input->data + at, input->size - at);
            memcpy(input->data + at, other->data + from, len);
            input->size += len;
        }
    }
    }
}

static int run_mutations(struct input *inputs, size_t count, unsigned long rounds, uint64_t seed) {
    uint64_t random = seed | 1;
    struct input work = {malloc(INPUT_MAX), 0};
    for (unsigned long i = 0; work.data != NULL && i < rounds; i++) {
        const struct input *from = &inputs[next_random(&random) % count];
        memcpy(work.data, from->data, from->size);
        work.size = from->size;
        for (uint64_t changes = 1 + next_random(&random) % 3; changes > 0; changes--) {
            mutate(&work, &inputs[next_random(&random) % count], &random);
        }
        (void)LLVMFuzzerTestOneInput(work.data, work.size);
    }
    int result = work.data == NULL ? 1 : 0;
    free(work.data);
    return result;
}

int main(int argc, char **argv) {
    bool mutating = argc > 4 && strcmp(argv[1], "--mutate") == 0;
    int first = mutating ? 4 : 1;
    size_t count = argc > first ? (size_t)(argc - first) : 0;
    struct input *inputs = calloc(count + 1, sizeof *inputs);
    int result = inputs == NULL || count == 0 ? 1 : 0;
    for (size_t i = 0; result == 0 && i < count; i++) {
        result = input_read(argv[first + (int)i], &inputs[i]) ? 0 : 1;
    }
    for (size_t i = 0; result == 0 && i < count; i++) {
        (void)LLVMFuzzerTestOneInput(inputs[i].data, inputs[i].size);
    }
    if (result == 0 && mutating) {
        result = run_mutations(inputs, count, strtoul(argv[2], NULL, 10),
                               strtoull(argv[3], NULL, 10));
    }
    for (size_t i = 0; inputs != NULL && i < count; i++) {
        free(inputs[i].data);
    }
    free(inputs);
    return result;
}

#endif
