/* The HTTP client of `segreteria demo`, on libcurl.
 *
 * It talks to the public API as any client would, so that the demo also shows that the API is
 * enough. Proxies of the environment are not used: the demo is for a server nearby.
 */
#include "demo_client.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "segreteria/core/buf.h"

#define ANSWER_MAX ((size_t)4 << 20)
#define URL_MAX 4096
#define CONNECT_TIMEOUT_S 5L
#define ANSWER_TIMEOUT_S 60L

struct demo_client {
    CURL *curl;
    const char *url;
    struct buf received;
    char error[CURL_ERROR_SIZE];
};

static size_t receive(char *data, size_t size, size_t count, void *user) {
    struct buf *received = user;
    buf_append(received, str_from(data, size * count));
    return buf_status(received) == STATUS_OK ? size * count : 0;
}

enum status demo_client_create(const char *url, struct demo_client **out) {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return STATUS_INTERNAL;
    struct demo_client *client = calloc(1, sizeof *client);
    if (client != NULL)
        client->curl = curl_easy_init();
    if (client == NULL || client->curl == NULL) {
        free(client);
        curl_global_cleanup();
        return STATUS_NO_MEMORY;
    }
    client->url = url;
    buf_init(&client->received, ANSWER_MAX);
    *out = client;
    return STATUS_OK;
}

void demo_client_destroy(struct demo_client *client) {
    if (client == NULL)
        return;
    curl_easy_cleanup(client->curl);
    buf_wipe(&client->received); /* it held tokens */
    free(client);
    curl_global_cleanup();
}

/* What stays the same for every request; curl_easy_reset keeps the connection. */
static bool set_common(struct demo_client *client, const char *method, const char *url) {
    CURL *curl = client->curl;
    curl_easy_reset(curl);
    client->error[0] = '\0';
    return curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, client->error) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOPROXY, "*") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_S) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_TIMEOUT, ANSWER_TIMEOUT_S) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_USERAGENT, "segreteria-demo") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEDATA, &client->received) == CURLE_OK;
}

/* The list with one more field; on failure the list is freed and NULL comes back. */
static struct curl_slist *add_field(struct curl_slist *list, const char *field) {
    struct curl_slist *longer = curl_slist_append(list, field);
    if (longer == NULL)
        curl_slist_free_all(list);
    return longer;
}

static struct curl_slist *fields(const char *token) {
    struct curl_slist *list = add_field(NULL, "Accept: application/json");
    if (list != NULL)
        list = add_field(list, "Content-Type: application/json");
    if (list != NULL)
        list = add_field(list, "Expect:"); /* no waiting for 100 Continue */
    if (list == NULL || token == NULL)
        return list;
    char authorization[256];
    int len = snprintf(authorization, sizeof authorization, "Authorization: Bearer %s", token);
    if (len < 0 || (size_t)len >= sizeof authorization) {
        curl_slist_free_all(list);
        return NULL;
    }
    return add_field(list, authorization);
}

static enum status perform(struct demo_client *client, struct curl_slist *list, const char *text,
                           struct demo_answer *answer) {
    CURL *curl = client->curl;
    if (curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list) != CURLE_OK ||
        (text != NULL &&
         (curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)strlen(text)) != CURLE_OK ||
          curl_easy_setopt(curl, CURLOPT_POSTFIELDS, text) != CURLE_OK)))
        return STATUS_NO_MEMORY;
    buf_clear(&client->received);
    CURLcode code = curl_easy_perform(curl);
    if (code != CURLE_OK) {
        if (client->error[0] == '\0')
            (void)snprintf(client->error, sizeof client->error, "%s", curl_easy_strerror(code));
        return STATUS_UNAVAILABLE;
    }
    long status = 0;
    if (curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK)
        return STATUS_INTERNAL;
    answer->status = status;
    answer->body = client->received.len == 0
                       ? NULL
                       : json_loadb(client->received.data, client->received.len, 0, NULL);
    return STATUS_OK;
}

enum status demo_client_send(struct demo_client *client, const char *method, const char *path,
                             const char *token, const json_t *body, struct demo_answer *answer) {
    char url[URL_MAX];
    int len = snprintf(url, sizeof url, "%s%s", client->url, path);
    if (len < 0 || (size_t)len >= sizeof url)
        return STATUS_TOO_LARGE;
    if (!set_common(client, method, url))
        return STATUS_INTERNAL;
    struct curl_slist *list = fields(token);
    char *text = body == NULL ? NULL : json_dumps(body, JSON_COMPACT);
    enum status status = STATUS_NO_MEMORY;
    if (list != NULL && (body == NULL || text != NULL))
        status = perform(client, list, text, answer);
    free(text);
    curl_slist_free_all(list);
    return status;
}

const char *demo_client_error(const struct demo_client *client) { return client->error; }

void demo_answer_clear(struct demo_answer *answer) {
    json_decref(answer->body);
    *answer = (struct demo_answer){0};
}

const char *demo_answer_text(const struct demo_answer *answer, const char *name,
                             const char *inner_name) {
    json_t *value = json_object_get(answer->body, name);
    if (inner_name != NULL)
        value = json_object_get(value, inner_name);
    return json_string_value(value);
}
