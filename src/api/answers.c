/* A table of fixed size; a key has one place, and the newest stays in it. An entry that is being
 * sent outlives its place in the table. */
#include "segreteria/api/answers.h"

#include <sodium.h>
#include <stdlib.h>

#include "segreteria/api/metrics.h"
#include "segreteria/http/reply.h"

#define PLACES 1024u /* a power of two */
#define BODY_MAX ((size_t)64 * 1024)
#define BYTES_MAX ((size_t)32 * 1024 * 1024)
#define TTL_MS 10000u

struct entry {
    size_t refs; /* the table's and one for each reply under way */
    struct answers *answers;
    struct http_kept kept;
    uint64_t epoch, until_ms;
    size_t key_len, link_len, body_len, bytes;
    char text[]; /* key, link, body */
};

struct answers {
    unsigned char secret[crypto_shorthash_KEYBYTES];
    struct api_metrics *metrics;
    size_t entries, bytes;
    struct entry *places[PLACES];
};

static void tell(struct answers *answers) {
    counter_set(&answers->metrics->answers.entries, answers->entries);
    counter_set(&answers->metrics->answers.bytes, answers->bytes);
}

enum status answers_create(struct api_metrics *metrics, struct answers **out) {
    struct answers *answers = calloc(1, sizeof *answers);
    if (answers == NULL)
        return STATUS_NO_MEMORY;
    answers->metrics = metrics;
    crypto_shorthash_keygen(answers->secret);
    *out = answers;
    return STATUS_OK;
}

static void release(void *memory) {
    struct entry *entry = memory;
    if (--entry->refs > 0)
        return;
    entry->answers->bytes -= entry->bytes;
    tell(entry->answers);
    http_kept_clear(&entry->kept);
    free(entry);
}

static void drop(struct answers *answers, struct entry **place) {
    if (*place == NULL)
        return;
    answers->entries--;
    release(*place);
    *place = NULL;
}

void answers_destroy(struct answers *answers) {
    for (size_t i = 0; answers != NULL && i < PLACES; i++)
        drop(answers, &answers->places[i]);
    free(answers);
}

static struct entry **place_of(struct answers *answers, struct str key) {
    unsigned char hash[crypto_shorthash_BYTES];
    uint64_t number;
    (void)crypto_shorthash(hash, (const unsigned char *)key.ptr, key.len, answers->secret);
    memcpy(&number, hash, sizeof number);
    return &answers->places[number % PLACES];
}

bool answers_get(struct answers *answers, struct str key, uint64_t epoch, uint64_t now_ms,
                 struct http_reply *reply) {
    struct entry **place = place_of(answers, key), *entry = *place;
    bool fresh = entry != NULL && entry->epoch == epoch && now_ms < entry->until_ms;
    if (entry != NULL && !fresh)
        drop(answers, place);
    if (!fresh || !str_eq(str_from(entry->text, entry->key_len), key)) {
        counter_add(&answers->metrics->answers.misses, 1);
        return false;
    }
    counter_add(&answers->metrics->answers.hits, 1);
    entry->refs++;
    const char *link = entry->text + entry->key_len, *body = link + entry->link_len;
    *reply = (struct http_reply){
        .status = 200, .parts_count = 1, .kept = &entry->kept, .owner = entry, .release = release};
    reply->parts[0] = str_from(body, entry->body_len);
    if (entry->link_len > 0)
        http_reply_header(reply, STR("Link"), str_from(link, entry->link_len));
    return true;
}

static struct str link_of(const struct http_reply *reply) {
    for (size_t i = 0; i < reply->headers_count; i++)
        if (str_eq(reply->headers[i].name, STR("Link")))
            return reply->headers[i].value;
    return STR("");
}

/* Status, body and Link are all there is to it. */
static bool is_plain(const struct http_reply *reply, struct str link) {
    size_t links = link.len > 0 ? 1 : 0;
    return reply->status == 200 && reply->content_type == NULL && reply->body_fd <= 0 &&
           reply->source == NULL && reply->headers_count == links && !reply->no_store &&
           !reply->secret && !reply->close && str_is_none(reply->etag);
}

void answers_put(struct answers *answers, struct str key, uint64_t epoch, uint64_t now_ms,
                 const struct http_reply *reply) {
    struct str link = link_of(reply);
    size_t body_len = 0;
    for (size_t i = 0; i < reply->parts_count; i++)
        body_len += reply->parts[i].len;
    struct entry **place = place_of(answers, key);
    size_t bytes = sizeof **place + key.len + link.len + 2 * body_len; /* with coded forms */
    drop(answers, place);
    if (!is_plain(reply, link) || body_len > BODY_MAX || answers->bytes + bytes > BYTES_MAX)
        return;
    struct entry *entry = malloc(sizeof *entry + key.len + link.len + body_len);
    if (entry == NULL)
        return;
    *entry = (struct entry){.refs = 1,
                            .answers = answers,
                            .epoch = epoch,
                            .until_ms = now_ms + TTL_MS,
                            .key_len = key.len,
                            .link_len = link.len,
                            .body_len = body_len,
                            .bytes = bytes};
    char *p = entry->text;
    memcpy(p, key.ptr, key.len);
    p += key.len;
    memcpy(p, link.ptr, link.len);
    p += link.len;
    for (size_t i = 0; i < reply->parts_count; i++) {
        if (reply->parts[i].len > 0)
            memcpy(p, reply->parts[i].ptr, reply->parts[i].len);
        p += reply->parts[i].len;
    }
    *place = entry;
    answers->entries++;
    answers->bytes += bytes;
    tell(answers);
}
