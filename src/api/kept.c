/* Which answers are kept (answers.h), and under which key: what was asked, whatever the order of
 * its parameters, in which language and form. The coding is the http room's business. */
#include "internal.h"
#include "segreteria/api/answers.h"
#include "segreteria/core/clock.h"

#define KEY_MAX ((size_t)1024)
#define DAY_MS INT64_C(86400000)
#define PARTS_MAX 32

/* Public reads of vacancies by anybody. */
static bool may_keep(const struct api_call *call) {
    const struct operation *operation = call->operation;
    return operation->method == HTTP_GET && operation->cache == CACHE_PUBLIC &&
           str_starts_with(operation->id, STR("jobs_")) && !call->authenticated &&
           str_is_none(http_request_header(call->request, STR("Authorization")));
}

static struct str name_of(struct str part) { return str_from(part.ptr, str_find(part, '=')); }

static int compare(struct str a, struct str b) {
    int order = memcmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* By name; those of one name stay in their order, which may matter. 0: too many. */
static size_t sorted_parts(struct str query, struct str parts[PARTS_MAX]) {
    size_t count = 0;
    struct str part;
    while (str_split(&query, '&', &part)) {
        size_t at = count;
        if (part.len == 0)
            continue;
        if (count == PARTS_MAX)
            return 0;
        for (; at > 0 && compare(name_of(parts[at - 1]), name_of(part)) > 0; at--)
            parts[at] = parts[at - 1];
        parts[at] = part;
        count++;
    }
    return count;
}

static bool put(char *key, size_t *len, struct str text) {
    if (*len + text.len + 1 > KEY_MAX)
        return false;
    if (text.len > 0)
        memcpy(key + *len, text.ptr, text.len);
    *len += text.len;
    key[(*len)++] = '\n';
    return true;
}

/* What is open today may be over tomorrow, though nothing is written then. */
static struct str today(struct api_call *call) {
    return arena_printf(call->arena, "%lld", (long long)(clock_unix_ms() / DAY_MS));
}

/* STR_NONE: too long for one. */
static struct str make_key(struct api_call *call) {
    struct str query = http_request_query(call->request), parts[PARTS_MAX], day = today(call);
    size_t count = str_is_none(query) ? 0 : sorted_parts(query, parts), len = 0;
    char *key = arena_alloc(call->arena, KEY_MAX);
    if (key == NULL || str_is_none(day) || (count == 0 && query.len > 0))
        return STR_NONE;
    struct str accept = http_request_header(call->request, STR("Accept"));
    bool fits = put(key, &len, day) && put(key, &len, http_request_path(call->request)) &&
                put(key, &len, str_of(lang_tag(http_request_lang(call->request)))) &&
                put(key, &len, str_is_none(accept) ? STR("*/*") : accept);
    for (size_t i = 0; i < count && fits; i++)
        fits = put(key, &len, parts[i]);
    return fits ? str_from(key, len) : STR_NONE;
}

bool kept_answer(struct api_call *call) {
    struct api_worker *worker = call->worker;
    uint64_t now_ms = loop_now_ms(worker->loop);
    struct http_reply reply;
    call->answer_key = STR_NONE;
    if (!may_keep(call) || !search_feed_is_live(worker->shared->feed, now_ms))
        return false;
    struct str key = make_key(call);
    if (str_is_none(key))
        return false;
    call->answer_epoch = search_feed_epoch(worker->shared->feed);
    if (!answers_get(worker->answers, key, call->answer_epoch, now_ms, &reply)) {
        call->answer_key = key;
        return false;
    }
    http_reply_send(call->request, &reply);
    return true;
}

void keep_answer(const struct api_call *call, const struct http_reply *reply) {
    if (!str_is_none(call->answer_key))
        answers_put(call->worker->answers, call->answer_key, call->answer_epoch,
                    loop_now_ms(call->worker->loop), reply);
}
