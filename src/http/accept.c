/* New connections. They are accepted here and not by MHD, which would take ten a turn and, at its
 * limit, leave clients waiting without a word: past the limit an idle one makes room, or the client
 * is told to come back. */
#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "internal.h"
#include "segreteria/core/log.h"

#define PAUSE_MS 100

static void refuse(struct http_server *server, int fd) {
    static const char body[] =
        "{\"type\":\"/problems/overloaded\",\"title\":\"Overloaded\",\"status\":503,"
        "\"detail\":\"All connections are in use.\",\"code\":\"overloaded\"}";
    char text[512];
    int len = snprintf(
        text, sizeof text,
        "HTTP/1.1 503 Service Unavailable\r\nDate: %s\r\nConnection: close\r\nRetry-After: 1\r\n"
        "Cache-Control: no-store\r\nContent-Type: application/problem+json\r\n"
        "Content-Length: %zu\r\n\r\n%s",
        server_date(server), sizeof body - 1, body);
    (void)!send(fd, text, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)shutdown(fd, SHUT_WR);
    linger_start(server, fd);
    (void)close(fd);
}

void accept_again(struct loop_timer *timer) {
    struct http_server *server =
        (struct http_server *)(void *)((char *)timer - offsetof(struct http_server, listen_pause));
    if (!server->draining)
        server_watch(server, &server->listen_watch, EPOLLIN);
}

void accept_ready(struct loop_watch *watch, uint32_t events) {
    (void)events;
    struct http_server *server =
        (struct http_server *)(void *)((char *)watch - offsetof(struct http_server, listen_watch));
    for (unsigned i = 0; i < ACCEPTS_A_TURN; i++) {
        struct sockaddr_storage peer;
        socklen_t peer_len = sizeof peer;
        int fd = accept4(watch->fd, (struct sockaddr *)&peer, &peer_len,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
            log_warn("accept_failed", "errno=%d", errno);
            server_watch(server, watch, 0);
            loop_timer_set(server->loop, &server->listen_pause,
                           loop_now_ms(server->loop) + PAUSE_MS);
            return;
        }
        if (fd < 0 && errno != ECONNABORTED && errno != EINTR)
            return;
        if (fd < 0)
            continue;
        if (server->connections_count >= server->limits.connections_max &&
            !connection_evict(server))
            refuse(server, fd);
        else if (MHD_add_connection(server->mhd, fd, (struct sockaddr *)&peer, peer_len) != MHD_YES)
            log_warn("connection_not_added", "errno=%d", errno); /* MHD has closed it */
        server->mhd_ready = true;
    }
}
