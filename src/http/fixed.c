/* Content that never changes while the server runs (embedded files): its entity tag and its coded
 * forms are made once. A description of 300 KB would otherwise be hashed and compressed for every
 * reader. */
#include <stdlib.h>

#include "answer.h"
#include "etag.h"

#define FIXED_MAX 64 /* contents kept; more are worked out each time */

struct fixed_content {
    struct str bytes;
    char tag[ETAG_OPAQUE_SIZE];
    struct {
        bool tried;
        char *bytes; /* NULL: does not get smaller */
        size_t len;
    } coded[CODING_NONE];
};

struct fixed_content *fixed_find(struct http_server *server, struct str bytes) {
    for (size_t i = 0; i < server->fixed_count; i++)
        if (server->fixed[i].bytes.ptr == bytes.ptr && server->fixed[i].bytes.len == bytes.len)
            return &server->fixed[i];
    if (server->fixed == NULL)
        server->fixed = calloc(FIXED_MAX, sizeof *server->fixed);
    if (server->fixed == NULL || server->fixed_count == FIXED_MAX)
        return NULL;
    struct fixed_content *content = &server->fixed[server->fixed_count++];
    content->bytes = bytes;
    etag_of(server->etag_key, &bytes, 1, content->tag);
    return content;
}

struct str fixed_tag(const struct fixed_content *content) {
    return str_of(content->tag);
}

struct str fixed_coded(struct http_server *server, struct fixed_content *content,
                       enum coding coding) {
    if (!content->coded[coding].tried) {
        content->coded[coding].tried = true;
        char *bytes;
        size_t len;
        if (compress_parts(server->compressor, coding, &content->bytes, 1, &bytes, &len) ==
            STATUS_OK) {
            content->coded[coding].bytes = bytes;
            content->coded[coding].len = len;
        }
    }
    return str_from(content->coded[coding].bytes, content->coded[coding].len);
}

void fixed_free(struct http_server *server) {
    for (size_t i = 0; i < server->fixed_count; i++)
        for (unsigned coding = 0; coding < CODING_NONE; coding++)
            free(server->fixed[i].coded[coding].bytes);
    free(server->fixed);
}
