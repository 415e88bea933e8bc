/* Everything is sent before on_room asks for more, so memory is the owner's one piece. A scanner
 * may speak before it has everything ("INSTREAM size limit exceeded. ERROR"): the reply is read at
 * any time, and what cannot be sent any more then does not matter.
 */
#include "clamd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/un.h>
#include <unistd.h>

#include "segreteria/core/log.h"

#define COMMAND "zINSTREAM" /* with the NUL that ends it */

/* ---- address ---- */

static enum status parse_path(struct str path, struct clamd_address *out) {
    struct sockaddr_un *un = (struct sockaddr_un *)(void *)&out->socket;
    if (str_find(path, '\0') < path.len || !str_copy(path, un->sun_path, sizeof un->sun_path))
        return STATUS_INVALID;
    un->sun_family = AF_UNIX;
    out->len = sizeof *un;
    return STATUS_OK;
}

static enum status parse_host(struct str host, uint16_t port, struct clamd_address *out) {
    char text[INET6_ADDRSTRLEN + 1];
    struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)&out->socket;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)&out->socket;
    bool bracketed = host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']';
    if (bracketed)
        host = str_from(host.ptr + 1, host.len - 2);
    if (!str_copy(host, text, sizeof text))
        return STATUS_INVALID;
    if (bracketed && inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        out->len = sizeof *v6;
    } else if (!bracketed && inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        out->len = sizeof *v4;
    }
    return out->len > 0 ? STATUS_OK : STATUS_INVALID;
}

enum status clamd_address_parse(struct str text, struct clamd_address *out) {
    *out = (struct clamd_address){0};
    if (str_starts_with(text, STR("/")))
        return parse_path(text, out);
    size_t colon = text.len;
    while (colon > 0 && text.ptr[colon - 1] != ':')
        colon--;
    uint64_t port = 0;
    if (colon < 2 ||
        str_to_u64(str_from(text.ptr + colon, text.len - colon), UINT16_MAX, &port) != STATUS_OK ||
        port == 0)
        return STATUS_INVALID;
    return parse_host(str_from(text.ptr, colon - 1), (uint16_t)port, out);
}

/* ---- the conversation ---- */

void clamd_close(struct clamd_session *session) {
    if (!session->open)
        return;
    session->open = false;
    loop_timer_clear(session->loop, &session->silence);
    if (loop_watch_set(session->loop, &session->watch, 0) != STATUS_OK)
        log_error("scanner_watch", "fd=%d", session->watch.fd);
    (void)close(session->watch.fd);
}

static void verdict(struct clamd_session *session, enum clamd_verdict found, struct str text) {
    clamd_close(session);
    session->on_verdict(session, found, text);
}

static void heard(struct clamd_session *session) {
    loop_timer_set(session->loop, &session->silence, loop_now_ms(session->loop) + CLAMD_SILENCE_MS);
}

static void on_silence(struct loop_timer *timer) {
    struct clamd_session *session =
        (struct clamd_session *)(void *)((char *)timer - offsetof(struct clamd_session, silence));
    verdict(session, session->connected ? CLAMD_FAILED : CLAMD_UNREACHABLE, STR("silence"));
}

/* "stream: OK", "stream: NAME FOUND", "... ERROR". */
static void understand(struct clamd_session *session) {
    struct str reply = str_trim(str_from(session->reply, session->reply_len));
    const struct str found = STR(" FOUND"), stream = STR("stream: ");
    if (str_eq(reply, STR("stream: OK"))) {
        verdict(session, session->ended ? CLAMD_CLEAN : CLAMD_FAILED, STR("answered too early"));
    } else if (str_starts_with(reply, stream) && str_ends_with(reply, found) &&
               reply.len > stream.len + found.len) {
        verdict(session, CLAMD_INFECTED,
                str_from(reply.ptr + stream.len, reply.len - stream.len - found.len));
    } else {
        verdict(session, CLAMD_FAILED, reply.len == 0 ? STR("no reply") : reply);
    }
}

/* False: it is over. */
static bool receive(struct clamd_session *session) {
    size_t room = sizeof session->reply - session->reply_len;
    ssize_t got = recv(session->watch.fd, session->reply + session->reply_len, room, 0);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return true;
    if (got > 0) {
        heard(session);
        session->reply_len += (size_t)got;
        char *end = memchr(session->reply, '\0', session->reply_len);
        if (end == NULL && session->reply_len < sizeof session->reply)
            return true;
        if (end != NULL)
            session->reply_len = (size_t)(end - session->reply);
    }
    if (got < 0 && !session->connected)
        verdict(session, CLAMD_UNREACHABLE, str_of(strerrordesc_np(errno)));
    else
        understand(session);
    return false;
}

static bool all_sent(const struct clamd_session *session) {
    return session->out[0].len == 0 && session->out[1].len == 0;
}

static void wait_for(struct clamd_session *session) {
    uint32_t events = EPOLLIN | (all_sent(session) ? 0 : EPOLLOUT);
    if (session->watch.events != events &&
        loop_watch_set(session->loop, &session->watch, events) != STATUS_OK)
        verdict(session, CLAMD_FAILED, STR("cannot watch"));
}

/* False: nothing can be sent any more; what the scanner said is still to be read. */
static bool transmit(struct clamd_session *session) {
    for (size_t i = 0; i < 2; i++)
        while (session->out[i].len > 0) {
            ssize_t sent = send(session->watch.fd, session->out[i].bytes, session->out[i].len,
                                MSG_NOSIGNAL);
            if (sent < 0 && errno == EINTR)
                continue;
            if (sent < 0)
                return errno == EAGAIN || errno == EWOULDBLOCK;
            session->out[i].bytes += sent;
            session->out[i].len -= (size_t)sent;
            heard(session);
        }
    return true;
}

static void on_ready(struct loop_watch *watch, uint32_t events) {
    struct clamd_session *session =
        (struct clamd_session *)(void *)((char *)watch - offsetof(struct clamd_session, watch));
    if ((events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0 && !receive(session))
        return;
    if ((events & EPOLLOUT) == 0)
        return;
    session->connected = true;
    if (!transmit(session)) {
        if (receive(session))
            verdict(session, CLAMD_FAILED, STR("connection lost"));
        return;
    }
    wait_for(session);
    if (session->open && all_sent(session) && !session->ended)
        session->on_room(session);
}

enum status clamd_open(struct clamd_session *session, const struct clamd_address *address) {
    int fd = socket(address->socket.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return STATUS_UNAVAILABLE;
    if (connect(fd, (const struct sockaddr *)&address->socket, address->len) != 0 &&
        errno != EINPROGRESS) {
        int why = errno; /* a Unix socket says so at once */
        (void)close(fd);
        errno = why;
        return STATUS_UNAVAILABLE;
    }
    session->watch = (struct loop_watch){.fd = fd, .on_ready = on_ready};
    session->silence = (struct loop_timer){.on_due = on_silence};
    session->connected = session->ended = false;
    session->reply_len = 0;
    session->out[0].bytes = (const unsigned char *)COMMAND;
    session->out[0].len = sizeof COMMAND;
    session->out[1].len = 0;
    if (loop_watch_set(session->loop, &session->watch, EPOLLIN | EPOLLOUT) != STATUS_OK) {
        (void)close(fd);
        return STATUS_UNAVAILABLE;
    }
    session->open = true;
    heard(session);
    return STATUS_OK;
}

static void frame(struct clamd_session *session, const unsigned char *bytes, size_t len) {
    for (size_t i = 0; i < sizeof session->length; i++)
        session->length[i] = (unsigned char)(len >> (24 - 8 * i));
    session->out[0].bytes = session->length;
    session->out[0].len = sizeof session->length;
    session->out[1].bytes = bytes;
    session->out[1].len = len;
    wait_for(session);
}

void clamd_send(struct clamd_session *session, const unsigned char *bytes, size_t len) {
    frame(session, bytes, len);
}

void clamd_end(struct clamd_session *session) {
    session->ended = true;
    frame(session, NULL, 0);
}
