/* Opens the listening sockets. */
#include "segreteria/worker/listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 4096

/* "host:port" in two; brackets of IPv6 removed. */
static enum status split(struct str address, char host[256], char port[8]) {
    size_t colon = address.len;
    while (colon > 0 && address.ptr[colon - 1] != ':')
        colon--;
    if (colon == 0)
        return STATUS_INVALID;
    struct str name = str_from(address.ptr, colon - 1);
    struct str number = str_from(address.ptr + colon, address.len - colon);
    uint64_t value;
    if (str_to_u64(number, 65535, &value) != STATUS_OK)
        return STATUS_INVALID;
    if (name.len >= 2 && name.ptr[0] == '[' && name.ptr[name.len - 1] == ']')
        name = str_from(name.ptr + 1, name.len - 2);
    else if (str_find(name, ':') < name.len)
        return STATUS_INVALID; /* an IPv6 address without brackets is ambiguous */
    if (name.len > 255)
        return STATUS_INVALID;
    (void)snprintf(host, 256, "%.*s", STR_FMT(name));
    (void)snprintf(port, 8, "%u", (unsigned)value % 65536u);
    return STATUS_OK;
}

static int open_one(const struct sockaddr *address, socklen_t len, bool share) {
    int one = 1;
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
        (share && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) != 0) ||
        bind(fd, address, len) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0 ||
        (share && listen(fd, BACKLOG) != 0)) {
        int cause = errno;
        (void)close(fd);
        errno = cause;
        return -1;
    }
    return fd;
}

/* Sharing the port among our own workers must not let a second server slip in beside us unnoticed:
 * a socket without SO_REUSEPORT is bound first, which fails where anybody listens. It also settles
 * the number of port 0. */
static enum status settle(struct sockaddr_storage *address, socklen_t len) {
    int fd = open_one((const struct sockaddr *)address, len, false);
    if (fd < 0)
        return errno == EADDRINUSE ? STATUS_EXISTS : STATUS_IO;
    socklen_t got = sizeof *address;
    int failed = getsockname(fd, (struct sockaddr *)address, &got);
    (void)close(fd);
    return failed != 0 ? STATUS_IO : STATUS_OK;
}

static void describe(const struct sockaddr_storage *address, socklen_t len, struct buf *out) {
    char host[NI_MAXHOST], port[NI_MAXSERV];
    if (getnameinfo((const struct sockaddr *)address, len, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) == 0)
        buf_printf(out, address->ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

enum status listen_open(struct str address, size_t count, int *fds, struct buf *bound,
                        struct buf *error) {
    char host[256], port[8];
    if (split(address, host, port) != STATUS_OK) {
        buf_printf(
            error,
            "cannot listen on \"%.*s\": expected HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080",
            STR_FMT(address));
        return STATUS_INVALID;
    }
    struct addrinfo hints = {.ai_family = host[0] == '\0' ? AF_INET6 : AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    int cause = getaddrinfo(host[0] == '\0' ? NULL : host, port, &hints, &found);
    if (cause != 0 && host[0] == '\0') { /* a machine without IPv6 */
        hints.ai_family = AF_INET;
        cause = getaddrinfo(NULL, port, &hints, &found);
    }
    if (cause != 0) {
        buf_printf(error, "cannot listen on %.*s: %s", STR_FMT(address), gai_strerror(cause));
        return STATUS_INVALID;
    }
    struct sockaddr_storage storage = {0};
    socklen_t len = found->ai_addrlen;
    memcpy(&storage, found->ai_addr, len);
    freeaddrinfo(found);
    enum status status = settle(&storage, len);
    size_t opened = 0;
    while (status == STATUS_OK && opened < count) {
        fds[opened] = open_one((const struct sockaddr *)&storage, len, true);
        if (fds[opened] < 0)
            status = errno == EADDRINUSE ? STATUS_EXISTS : STATUS_IO;
        else
            opened++;
    }
    if (status == STATUS_OK) {
        describe(&storage, len, bound);
        return buf_status(bound);
    }
    buf_printf(error, "cannot listen on %.*s: %s", STR_FMT(address), strerror(errno));
    while (opened > 0)
        (void)close(fds[--opened]);
    return status;
}
