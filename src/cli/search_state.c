/* One GET, on libcurl. */
#include "search_state.h"

#include <curl/curl.h>
#include <string.h>

#define CONNECT_TIMEOUT_S 5L
#define ANSWER_TIMEOUT_S 300L

static size_t receive(char *data, size_t size, size_t count, void *user) {
    struct buf *received = user;
    buf_append(received, str_from(data, size * count));
    return buf_status(received) == STATUS_OK ? size * count : 0;
}

static bool prepare(CURL *curl, const char *url, struct buf *out, char *message) {
    return curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, message) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOPROXY, "*") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_S) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_TIMEOUT, ANSWER_TIMEOUT_S) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_USERAGENT, "segreteria-search-check") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEDATA, out) == CURLE_OK;
}

static enum status ask(CURL *curl, const char *url, struct buf *out, struct buf *error) {
    char message[CURL_ERROR_SIZE] = "";
    long status = 0;
    if (!prepare(curl, url, out, message))
        return STATUS_INTERNAL;
    CURLcode code = curl_easy_perform(curl);
    if (code != CURLE_OK) {
        buf_printf(error, "%s: %s", url, message[0] != '\0' ? message : curl_easy_strerror(code));
        return STATUS_UNAVAILABLE;
    }
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (status == 200)
        return STATUS_OK;
    if (status == 503)
        buf_printf(error, "%s: the server has no index in step now", url);
    else
        buf_printf(error, "%s answered %ld: is that the address of --ops-listen?", url, status);
    return STATUS_UNAVAILABLE;
}

enum status cli_search_state(const char *address, struct buf *out, struct buf *error) {
    struct buf url;
    buf_init(&url, 4096);
    bool whole = strncmp(address, "http://", 7) == 0;
    buf_printf(&url, "%s%s/search/state", whole ? "" : "http://", address);
    enum status status = buf_status(&url);
    CURL *curl = status == STATUS_OK && curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK
                     ? curl_easy_init()
                     : NULL;
    status = curl == NULL ? STATUS_NO_MEMORY : ask(curl, url.data, out, error);
    curl_easy_cleanup(curl);
    buf_deinit(&url);
    return status;
}
