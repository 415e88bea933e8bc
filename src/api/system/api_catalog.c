/* GET /.well-known/api-catalog (RFC 9727): where the API and its description are, as a set of links
 * (RFC 9264). */
#include "generated/api_operations.h"
#include "segreteria/api/call.h"

static const char format[] =
    "{\"linkset\":[{\"anchor\":\"%s/v1\","
    "\"service-desc\":[{\"href\":\"%s/openapi.json\",\"type\":\"application/json\"},"
    "{\"href\":\"%s/openapi.yaml\",\"type\":\"application/yaml\"}],"
    "\"service-doc\":[{\"href\":\"%s/docs\",\"type\":\"text/html\"}],"
    "\"status\":[{\"href\":\"%s/readyz\",\"type\":\"application/json\"}]}]}";

enum status api_system_api_catalog(struct api_call *call) {
    const char *url = call->worker->shared->site.url;
    const char *base = url == NULL ? "" : url;
    struct http_reply reply = {
        .status = 200,
        .content_type = "application/linkset+json; "
                        "profile=\"https://www.rfc-editor.org/info/rfc9727\"",
        .parts_count = 1};
    reply.parts[0] = arena_printf(call->arena, format, base, base, base, base, base);
    if (str_is_none(reply.parts[0]))
        return STATUS_NO_MEMORY;
    http_reply_header(&reply, STR("Link"), STR("</.well-known/api-catalog>; rel=\"api-catalog\""));
    http_reply_send(call->request, &reply);
    return STATUS_OK;
}
