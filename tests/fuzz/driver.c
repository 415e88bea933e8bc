/* A main for the fuzz targets where there is no libFuzzer: runs the files it is given, then, with
 * `--mutate COUNT SEED FILE...`, that many random changes of them.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX ((size_t)64 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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

/* In memory of exactly its size, so that a sanitizer sees a read past its end. */
static void run(const struct input *input) {
    uint8_t *copy = malloc(input->size == 0 ? 1 : input->size);
    if (copy == NULL) {
        return;
    }
    memcpy(copy, input->data, input->size);
    (void)LLVMFuzzerTestOneInput(copy, input->size);
    free(copy);
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
        run(&work);
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
        run(&inputs[i]);
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
