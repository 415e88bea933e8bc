/* Who the client is, where trusted proxies stand before the server: Forwarded (RFC 7239) or
 * X-Forwarded-For, read from the right. Each proxy appends whom it heard from, so what a client
 * wrote itself stands to the left of what the first trusted proxy wrote, and is never reached.
 *
 * Elements are cut at commas without regard to quotation marks: marks that a client left open must
 * not swallow what a proxy appended.
 */
#include <arpa/inet.h>

#include "internal.h"

static struct http_address peer_of(const struct sockaddr_storage *peer) {
    struct http_address address = {{0}};
    if (peer->ss_family == AF_INET) {
        address.bytes[10] = address.bytes[11] = 0xff;
        memcpy(address.bytes + 12, &((const struct sockaddr_in *)(const void *)peer)->sin_addr, 4);
    } else if (peer->ss_family == AF_INET6) {
        memcpy(address.bytes, &((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr, 16);
    }
    return address;
}

static bool is_trusted(const struct http_server *server, const struct http_address *address) {
    for (size_t i = 0; i < server->trusted_proxies_count; i++)
        if (http_network_contains(&server->trusted_proxies[i], address))
            return true;
    return false;
}

static bool is_port(struct str text) {
    uint64_t port;
    return text.len > 1 && text.ptr[0] == ':' &&
           str_to_u64(str_from(text.ptr + 1, text.len - 1), 65535, &port) == STATUS_OK;
}

/* An address alone, or with a port: 1.2.3.4:80, [2001:db8::1], [2001:db8::1]:80. */
static bool read_node(struct str node, struct http_address *out) {
    if (http_address_parse(node, out) == STATUS_OK)
        return true;
    bool bracket = node.len > 0 && node.ptr[0] == '[';
    size_t end = str_find(node, bracket ? ']' : ':');
    if (end == node.len)
        return false;
    struct str address = bracket ? str_from(node.ptr + 1, end - 1) : str_from(node.ptr, end);
    size_t after = bracket ? end + 1 : end;
    struct str rest = str_from(node.ptr + after, node.len - after);
    return (rest.len == 0 || is_port(rest)) && http_address_parse(address, out) == STATUS_OK;
}

/* The value of "for" in an element of Forwarded, without its quotation marks. */
static struct str forwarded_for(struct str element) {
    struct str rest = element, pair;
    while (str_split(&rest, ';', &pair)) {
        pair = str_trim(pair);
        if (pair.len < 4 || !str_eq_nocase(str_from(pair.ptr, 4), STR("for=")))
            continue;
        struct str node = str_from(pair.ptr + 4, pair.len - 4);
        bool quoted = node.len >= 2 && node.ptr[0] == '"' && node.ptr[node.len - 1] == '"';
        return quoted ? str_from(node.ptr + 1, node.len - 2) : node;
    }
    return STR_NONE;
}

/* False: something that is no address stands where the next one is looked for. */
static bool walk(const struct http_server *server, struct str list, bool forwarded,
                 struct http_address *client) {
    while (!str_is_none(list) && is_trusted(server, client)) {
        size_t comma = list.len;
        while (comma > 0 && list.ptr[comma - 1] != ',')
            comma--;
        struct str element = str_trim(str_from(list.ptr + comma, list.len - comma));
        if (!read_node(forwarded ? forwarded_for(element) : element, client))
            return false;
        list = comma == 0 ? STR_NONE : str_from(list.ptr, comma - 1);
    }
    return true;
}

/* A proxy appends to one of the two fields and passes the other on as the client sent it, so where
 * both are there neither says anything. */
static void believe_proxies(struct http_request *request) {
    const struct http_server *server = request->server;
    bool forwarded = request->headers.count[HEADER_FORWARDED] > 0;
    bool x_forwarded = request->headers.count[HEADER_X_FORWARDED_FOR] > 0;
    if (forwarded == x_forwarded || !is_trusted(server, &request->client))
        return;
    struct str name = header_name(forwarded ? HEADER_FORWARDED : HEADER_X_FORWARDED_FOR);
    struct http_address client = request->client;
    if (walk(server, http_request_header_list(request, name), forwarded, &client))
        request->client = client;
}

/* Found out when first asked. */
const struct http_address *http_request_client(const struct http_request *const_request) {
    struct http_request *request = (struct http_request *)(uintptr_t)const_request;
    if (!request->client_known) {
        request->client = peer_of(&request->connection->peer);
        request->client_known = true;
        if (request->server->trusted_proxies_count > 0)
            believe_proxies(request);
    }
    return &request->client;
}

struct str http_request_client_address(const struct http_request *const_request) {
    struct http_request *request = (struct http_request *)(uintptr_t)const_request;
    if (request->client_text[0] == '\0')
        http_address_format(http_request_client(request), request->client_text);
    return str_of(request->client_text);
}
