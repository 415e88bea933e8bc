/* The state of the index, vacancy by vacancy: see state.h. */
#include "state.h"

#include <stdlib.h>

#include "segreteria/http/reply.h"
#include "segreteria/search/digest.h"

#define HEAD_MAX ((size_t)128 * 1024)
#define ENTRY_BYTES 24u

static void put_entry(uint8_t *out, const struct search_digest *digest) {
    memcpy(out, digest->id.bytes, sizeof digest->id.bytes);
    for (unsigned i = 0; i < 8; i++)
        out[16 + i] = (uint8_t)(digest->sum >> (8 * i));
}

/* *out: malloc'ed. */
static enum status write_state(const struct search_digest *digests, size_t count, struct str place,
                               uint8_t **out, size_t *len) {
    struct buf head;
    buf_init(&head, HEAD_MAX);
    buf_printf(&head, "segreteria-search-state 1 %.*s %zu\n", STR_FMT(place), count);
    enum status status = buf_status(&head);
    uint8_t *bytes = status == STATUS_OK ? malloc(head.len + count * ENTRY_BYTES) : NULL;
    if (bytes != NULL) {
        memcpy(bytes, head.data, head.len);
        for (size_t i = 0; i < count; i++)
            put_entry(bytes + head.len + i * ENTRY_BYTES, &digests[i]);
        *len = head.len + count * ENTRY_BYTES;
        *out = bytes;
    }
    buf_deinit(&head);
    return bytes == NULL ? STATUS_NO_MEMORY : STATUS_OK;
}

/* The place in the log first: the index is at least as far by the time it is looked at. */
static enum status make_state(struct ops *ops, uint8_t **out, size_t *len) {
    struct search_port *port = &ops->port;
    struct search_digest *digests = NULL;
    size_t count = 0;
    struct buf place;
    if (port->reader == NULL)
        return STATUS_UNAVAILABLE;
    buf_init(&place, HEAD_MAX);
    search_feed_place(ops->options.shared->feed, &place);
    const struct search_version *version = search_reader_enter(port->reader);
    enum status status = search_version_digests(version, &digests, &count);
    search_reader_leave(port->reader);
    if (status == STATUS_OK)
        status = write_state(digests, count, buf_str(&place), out, len);
    free(digests);
    buf_deinit(&place);
    return status;
}

void answer_search_state(struct ops *ops, struct http_request *request) {
    uint8_t *bytes = NULL;
    size_t len = 0;
    enum status status = make_state(ops, &bytes, &len);
    if (status != STATUS_OK) {
        http_problem_simple(request, status == STATUS_UNAVAILABLE ? "unavailable" : "overloaded");
        return;
    }
    struct http_reply reply = {.status = 200,
                               .content_type = "application/octet-stream",
                               .parts = {str_from((const char *)bytes, len)},
                               .parts_count = 1,
                               .etag = STR(""),
                               .no_store = true,
                               .release = free,
                               .owner = bytes};
    http_reply_send(request, &reply);
}
