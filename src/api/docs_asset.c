/* The reference page and its files, embedded at build. */
#include "docs_asset.h"

#include "generated/assets.h"

/* Only what this server serves itself, nothing inline. */
#define DOCS_POLICY                                                                                \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "              \
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

static const struct {
    const char *suffix, *content_type;
} types[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".txt", "text/plain; charset=utf-8"},
};

void docs_asset_reply(struct api_call *call, struct str name) {
    for (size_t i = 0; i < assets_docs_count; i++) {
        if (!str_eq(name, str_of(assets_docs[i].name)))
            continue;
        struct http_reply reply = {.status = 200,
                                   .content_type = "application/octet-stream",
                                   .parts_count = 1,
                                   .fixed = true};
        reply.parts[0] = str_from((const char *)assets_docs[i].data, assets_docs[i].len);
        for (size_t t = 0; t < sizeof types / sizeof types[0]; t++)
            if (str_ends_with(name, str_of(types[t].suffix)))
                reply.content_type = types[t].content_type;
        http_reply_header(&reply, STR("Content-Security-Policy"), STR(DOCS_POLICY));
        http_reply_send(call->request, &reply);
        return;
    }
    api_problem(call, "not_found");
}
