/* The text form of master keys, and the subkeys that are derived from them. */
#include "key_ring.h"

#define HEX_CHARS ((size_t)2 * crypto_kdf_KEYBYTES)
static const char context[crypto_kdf_CONTEXTBYTES + 1] = "segretar";

static enum status complain(struct buf *error, const char *source, const char *what) {
    buf_printf(error, "%s does not hold a master key: %s", source, what);
    return STATUS_INVALID;
}

static bool is_time(struct str word) { return word.len == CLOCK_RFC3339_SIZE - 1; }

static const char *read_key(struct str word, struct master_key *out) {
    size_t len = 0;
    out->marks = str_starts_with(word, STR("sgk_"));
    if (out->marks)
        word = str_from(word.ptr + 4, word.len - 4);
    bool sound = word.len == HEX_CHARS &&
                 sodium_hex2bin(out->bytes, sizeof out->bytes, word.ptr, word.len, NULL, &len,
                                NULL) == 0 &&
                 len == sizeof out->bytes;
    return sound ? NULL : "64 hexadecimal digits are expected";
}

/* Words of one entry: the key, then what is known of it. NULL or what is wrong. */
static const char *read_entry(struct str entry, struct master_key *out) {
    struct str rest = entry, word;
    const char *wrong = NULL;
    bool first = true;
    *out = (struct master_key){0};
    while (wrong == NULL && str_split(&rest, ' ', &word)) {
        if (word.len == 0)
            continue;
        if (first)
            wrong = read_key(word, out);
        else if (str_eq(word, STR("next")))
            out->next = true;
        else if (is_time(word))
            memcpy(out->made, word.ptr, word.len);
        else
            wrong = "only \"next\" and the time it was made may follow a key";
        first = false;
    }
    return wrong;
}

static bool is_there(const struct master_keys *masters, const struct master_key *key) {
    for (size_t i = 0; i < masters->count; i++)
        if (sodium_memcmp(masters->list[i].bytes, key->bytes, sizeof key->bytes) == 0)
            return true;
    return false;
}

static const char *add_entry(struct master_keys *out, struct str entry) {
    struct master_key key;
    if (entry.len == 0 || entry.ptr[0] == '#')
        return NULL;
    const char *wrong = read_entry(entry, &key);
    if (wrong == NULL && out->count == KEYS_MAX)
        wrong = "there are more than 8";
    if (wrong == NULL && is_there(out, &key))
        wrong = "one is there twice";
    if (wrong == NULL)
        out->list[out->count++] = key;
    sodium_memzero(&key, sizeof key);
    return wrong;
}

static bool has_current(const struct master_keys *masters) {
    for (size_t i = 0; i < masters->count; i++)
        if (!masters->list[i].next)
            return true;
    return false;
}

enum status master_keys_parse(struct str text, const char *source, struct master_keys *out,
                              struct buf *error) {
    *out = (struct master_keys){0};
    const char *wrong = NULL;
    struct str line, entry;
    while (wrong == NULL && str_split(&text, '\n', &line)) {
        if (line.len > 0 && line.ptr[line.len - 1] == '\r')
            line.len--;
        if (line.len > 0 && line.ptr[0] == '#')
            continue;
        while (wrong == NULL && str_split(&line, ',', &entry))
            wrong = add_entry(out, str_trim(entry));
    }
    if (wrong == NULL && !has_current(out))
        wrong = out->count == 0 ? "64 hexadecimal digits are expected"
                                : "each is marked \"next\", so none is in use";
    if (wrong == NULL)
        return STATUS_OK;
    master_keys_wipe(out);
    return complain(error, source, wrong);
}

void master_keys_format(const struct master_keys *masters, struct buf *out) {
    buf_append_text(out,
                    "# Master keys of Segreteria, newest first; the first that is not \"next\" "
                    "is in use.\n# Keep a copy in a safe place. Changed by `segreteria keys`.\n");
    for (size_t i = 0; i < masters->count; i++) {
        const struct master_key *key = &masters->list[i];
        char hex[HEX_CHARS + 1];
        (void)sodium_bin2hex(hex, sizeof hex, key->bytes, sizeof key->bytes);
        buf_printf(out, "%s%s%s%s%s\n", key->marks ? "sgk_" : "", hex, key->made[0] ? " " : "",
                   key->made, key->next ? " next" : "");
        sodium_memzero(hex, sizeof hex);
    }
}

void master_keys_wipe(struct master_keys *masters) { sodium_memzero(masters, sizeof *masters); }

static void derive(const struct master_key *master, struct key *out) {
    unsigned char id[crypto_kdf_BYTES_MIN];
    (void)crypto_kdf_derive_from_key(id, sizeof id, 0, context, master->bytes);
    memcpy(out->id, id, sizeof out->id);
    (void)sodium_bin2hex(out->id_text, sizeof out->id_text, out->id, sizeof out->id);
    out->marks = master->marks;
    out->next = master->next;
    memcpy(out->made, master->made, sizeof out->made);
    for (uint64_t i = 0; i < KEYS_SUBKEYS; i++)
        (void)crypto_kdf_derive_from_key(out->subkeys[i], KEYS_SUBKEY_BYTES, i + 1, context,
                                         master->bytes);
}

void keys_derive(const struct master_keys *masters, struct keys *out) {
    *out = (struct keys){.count = masters->count};
    for (size_t i = 0; i < masters->count; i++)
        derive(&masters->list[i], &out->list[i]);
    while (out->current + 1 < out->count && out->list[out->current].next)
        out->current++;
}

const struct key *keys_find(const struct keys *keys, const unsigned char id[KEY_ID_BYTES]) {
    for (size_t i = 0; i < keys->count; i++)
        if (memcmp(keys->list[i].id, id, KEY_ID_BYTES) == 0)
            return &keys->list[i];
    return NULL;
}

void keys_wipe(struct keys *keys) { sodium_memzero(keys, sizeof *keys); }
