/* Lingering closes. A socket closed with unread bytes is reset, and a reset may destroy an answer
 * the client has not read yet; so a refused connection is kept half open (a duplicate of its
 * descriptor outlives MHD's) and drained for a while. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "internal.h"

struct lingerer {
    struct http_server *server;
    struct loop_watch watch;
    struct loop_timer timer;
    struct lingerer *next, *previous;
    size_t read;
};

static void end(struct lingerer *lingerer) {
    struct http_server *server = lingerer->server;
    loop_timer_clear(server->loop, &lingerer->timer);
    server_watch(server, &lingerer->watch, 0);
    (void)close(lingerer->watch.fd);
    if (lingerer->previous != NULL)
        lingerer->previous->next = lingerer->next;
    else
        server->lingerers = lingerer->next;
    if (lingerer->next != NULL)
        lingerer->next->previous = lingerer->previous;
    server->lingering--;
    free(lingerer);
}

static void on_ready(struct loop_watch *watch, uint32_t events) {
    (void)events;
    struct lingerer *lingerer = (struct lingerer *)(void *)((char *)watch -
                                                            offsetof(struct lingerer, watch));
    char sink[16384];
    for (unsigned i = 0; i < 8; i++) {
        ssize_t got = recv(watch->fd, sink, sizeof sink, MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (got > 0)
            lingerer->read += (size_t)got;
        if (got <= 0 || lingerer->read > LINGER_BYTES) {
            end(lingerer);
            return;
        }
    }
}

static void on_due(struct loop_timer *timer) {
    end((struct lingerer *)(void *)((char *)timer - offsetof(struct lingerer, timer)));
}

void linger_start(struct http_server *server, int fd) {
    if (server->lingering >= LINGER_MAX)
        return;
    struct lingerer *lingerer = calloc(1, sizeof *lingerer);
    int copy = lingerer == NULL ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) {
        free(lingerer);
        return;
    }
    (void)shutdown(copy, SHUT_WR);
    lingerer->server = server;
    lingerer->watch = (struct loop_watch){.fd = copy, .on_ready = on_ready};
    lingerer->timer.on_due = on_due;
    lingerer->next = server->lingerers;
    if (lingerer->next != NULL)
        lingerer->next->previous = lingerer;
    server->lingerers = lingerer;
    server->lingering++;
    if (loop_watch_set(server->loop, &lingerer->watch, EPOLLIN) != STATUS_OK) {
        end(lingerer);
        return;
    }
    loop_timer_set(server->loop, &lingerer->timer, loop_now_ms(server->loop) + LINGER_MS);
}

void linger_stop_all(struct http_server *server) {
    for (struct lingerer *lingerer = server->lingerers, *next; lingerer != NULL; lingerer = next) {
        next = lingerer->next;
        end(lingerer);
    }
}
