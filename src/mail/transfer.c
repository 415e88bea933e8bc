/* One message over SMTP: libcurl's multi interface on the loop. libcurl speaks the protocol; here
 * is when it may give the text away, and what its end means. */
#include "courier_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "segreteria/core/log.h"

#define CONNECT_MS 30000L
#define TRANSFER_MS 300000L /* servers that look into messages take their time */

/* A descriptor of libcurl's. */
struct socket_watch {
    struct loop_watch watch;
    struct courier *courier;
};

/* ---- what an end means ---- */

static bool may_have_been_taken(const struct delivery *delivery, long code) {
    bool refused = code >= 400;
    return delivery->handed && delivery->given == delivery->message.len && !refused;
}

/* 5xx about the recipient or the text is for good. About the sender, the greeting or the sign-in it
 * is a matter of configuration, which will be put right. */
static bool is_for_good(const struct delivery *delivery, long code) {
    return code >= 500 && (delivery->handed || strcmp(delivery->verb, "RCPT") == 0 ||
                           strcmp(delivery->verb, "DATA") == 0);
}

static void on_done(struct delivery *delivery, CURLcode result) {
    long code = 0;
    (void)curl_easy_getinfo(delivery->easy, CURLINFO_RESPONSE_CODE, &code);
    const char *why = curl_easy_strerror(result);
    if (result == CURLE_OK)
        delivery_sent(delivery);
    else if (delivery->calling) { /* leave was asked for: what it says comes first */
        (void)snprintf(delivery->reason, sizeof delivery->reason, "%s", why);
        transfer_stop(delivery);
    } else if (may_have_been_taken(delivery, code))
        delivery_failed(delivery, false, "outcome unknown: %s after the whole text was sent", why);
    else if (code >= 400)
        delivery_failed(delivery, !is_for_good(delivery, code), "the mail server said %ld to %s",
                        code, delivery->handed ? "the text" : delivery->verb);
    else
        delivery_failed(delivery, true, "%s", why);
}

static void look_for_ends(struct courier *courier) {
    int left = 0;
    CURLMsg *message;
    while ((message = curl_multi_info_read(courier->multi, &left)) != NULL) {
        char *owner = NULL;
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode result = message->data.result;
        if (curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &owner) == CURLE_OK)
            on_done((struct delivery *)(void *)owner, result);
    }
}

/* ---- the loop ---- */

static void act(struct courier *courier, curl_socket_t fd, int events) {
    int running = 0;
    (void)curl_multi_socket_action(courier->multi, fd, events, &running);
    look_for_ends(courier);
}

static void on_ready(struct loop_watch *watch, uint32_t events) {
    struct socket_watch *socket =
        (struct socket_watch *)(void *)((char *)watch - offsetof(struct socket_watch, watch));
    int bits = 0;
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLRDHUP)) != 0)
        bits |= CURL_CSELECT_IN;
    if ((events & EPOLLOUT) != 0)
        bits |= CURL_CSELECT_OUT;
    if ((events & EPOLLERR) != 0)
        bits |= CURL_CSELECT_ERR;
    act(socket->courier, watch->fd, bits);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *data) {
    (void)easy;
    struct courier *courier = context;
    struct socket_watch *socket = data;
    if (what == CURL_POLL_REMOVE) {
        if (socket != NULL)
            (void)!loop_watch_set(courier->loop, &socket->watch, 0);
        (void)curl_multi_assign(courier->multi, fd, NULL);
        free(socket);
        return 0;
    }
    if (socket == NULL) {
        socket = calloc(1, sizeof *socket);
        if (socket == NULL)
            return -1;
        *socket = (struct socket_watch){.watch = {.fd = fd, .on_ready = on_ready},
                                        .courier = courier};
        (void)curl_multi_assign(courier->multi, fd, socket);
    }
    uint32_t events = (what & CURL_POLL_IN) != 0 ? EPOLLIN : 0;
    if ((what & CURL_POLL_OUT) != 0)
        events |= EPOLLOUT;
    return loop_watch_set(courier->loop, &socket->watch, events) == STATUS_OK ? 0 : -1;
}

static void on_due(struct loop_timer *timer) {
    act((struct courier *)(void *)((char *)timer - offsetof(struct courier, multi_timer)),
        CURL_SOCKET_TIMEOUT, 0);
}

static int on_timer(CURLM *multi, long ms, void *context) {
    (void)multi;
    struct courier *courier = context;
    if (ms < 0)
        loop_timer_clear(courier->loop, &courier->multi_timer);
    else
        loop_timer_set(courier->loop, &courier->multi_timer,
                       loop_now_ms(courier->loop) + (uint64_t)ms);
    return 0;
}

/* ---- one transfer ---- */

/* libcurl wants the text: the server has answered DATA with 354. Not before leave is committed. */
static size_t on_read(char *buffer, size_t size, size_t count, void *context) {
    struct delivery *delivery = context;
    if (!delivery->handed) {
        if (!delivery->asked && delivery_hand(delivery) != STATUS_OK)
            return CURL_READFUNC_ABORT;
        delivery->asked = true;
        return CURL_READFUNC_PAUSE;
    }
    size_t room = size * count, left = delivery->message.len - delivery->given;
    size_t len = left < room ? left : room;
    memcpy(buffer, delivery->message.data + delivery->given, len);
    delivery->given += len;
    return len;
}

static size_t on_write(const char *data, size_t size, size_t count, void *context) {
    (void)data;
    (void)context;
    return size * count;
}

/* Which command is under way. Nothing of it is kept but the verb: the rest may be a password. */
static int on_debug(CURL *easy, curl_infotype type, char *data, size_t size, void *context) {
    (void)easy;
    struct delivery *delivery = context;
    if (type != CURLINFO_HEADER_OUT || size < 4)
        return 0;
    for (size_t i = 0; i < 4; i++)
        if (data[i] < 'A' || data[i] > 'Z')
            return 0;                 /* a line of a sign-in */
    if (memcmp(data, "QUIT", 4) == 0) /* how libcurl leaves after a refusal */
        return 0;
    memcpy(delivery->verb, data, 4);
    delivery->verb[4] = '\0';
    return 0;
}

#define SET(option, value) (curl_easy_setopt(easy, (option), (value)) == CURLE_OK)

static bool set_server(CURL *easy, const struct courier_options *options) {
    bool plain = options->smtp_plain && strncmp(options->smtp_url, "smtp://", 7) == 0;
    bool ok = SET(CURLOPT_URL, options->smtp_url) && SET(CURLOPT_PROTOCOLS_STR, "smtp,smtps") &&
              SET(CURLOPT_PROXY, "") && SET(CURLOPT_NOSIGNAL, 1L) &&
              SET(CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS) && SET(CURLOPT_TIMEOUT_MS, TRANSFER_MS) &&
              SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) &&
              SET(CURLOPT_USE_SSL, plain ? (long)CURLUSESSL_NONE : (long)CURLUSESSL_ALL);
    struct curl_blob certificates = {.data = (void *)(uintptr_t)options->smtp_ca.ptr,
                                     .len = options->smtp_ca.len,
                                     .flags = CURL_BLOB_NOCOPY};
    if (ok && !str_is_none(options->smtp_ca))
        ok = SET(CURLOPT_CAINFO_BLOB, &certificates);
    if (ok && options->smtp_user != NULL)
        ok = SET(CURLOPT_USERNAME, options->smtp_user) &&
             SET(CURLOPT_PASSWORD, options->smtp_password == NULL ? "" : options->smtp_password);
    return ok;
}

static bool set_message(CURL *easy, struct delivery *delivery) {
    char from[MAIL_ADDRESS_MAX + 3], to[MAIL_ADDRESS_MAX + 3];
    struct str sender = delivery->courier->options.sender.address;
    (void)snprintf(from, sizeof from, "<%.*s>", STR_FMT(sender));
    (void)snprintf(to, sizeof to, "<%s>", delivery->to);
    delivery->recipients = curl_slist_append(NULL, to);
    return delivery->recipients != NULL && SET(CURLOPT_MAIL_FROM, from) &&
           SET(CURLOPT_MAIL_RCPT, delivery->recipients) && SET(CURLOPT_UPLOAD, 1L) &&
           SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)delivery->message.len) &&
           SET(CURLOPT_READFUNCTION, on_read) && SET(CURLOPT_READDATA, delivery) &&
           SET(CURLOPT_WRITEFUNCTION, on_write) && SET(CURLOPT_VERBOSE, 1L) &&
           SET(CURLOPT_DEBUGFUNCTION, on_debug) && SET(CURLOPT_DEBUGDATA, delivery) &&
           SET(CURLOPT_PRIVATE, delivery);
}

enum status transfer_start(struct delivery *delivery) {
    CURL *easy = delivery->easy = curl_easy_init();
    if (easy != NULL && set_server(easy, &delivery->courier->options) &&
        set_message(easy, delivery) &&
        curl_multi_add_handle(delivery->courier->multi, easy) == CURLM_OK)
        return STATUS_OK;
    transfer_stop(delivery);
    return STATUS_NO_MEMORY;
}

/* Where a transfer is taken away in the middle of DATA, libcurl would say the dot that ends the
 * text: the recipient would get what there is of it, or an empty message. Without recipients it
 * does not; it closes the connection, and the server forgets the text (RFC 5321, section 4.1.1.4).
 */
void transfer_stop(struct delivery *delivery) {
    if (delivery->easy != NULL) {
        (void)curl_easy_setopt(delivery->easy, CURLOPT_MAIL_RCPT, NULL);
        (void)curl_multi_remove_handle(delivery->courier->multi, delivery->easy);
        curl_easy_cleanup(delivery->easy);
    }
    curl_slist_free_all(delivery->recipients);
    delivery->easy = NULL;
    delivery->recipients = NULL;
}

/* ---- life ---- */

enum status transfer_open(struct courier *courier) {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return STATUS_NO_MEMORY;
    courier->multi = curl_multi_init();
    if (courier->multi == NULL) {
        curl_global_cleanup();
        return STATUS_NO_MEMORY;
    }
    courier->multi_timer.on_due = on_due;
    (void)curl_multi_setopt(courier->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    (void)curl_multi_setopt(courier->multi, CURLMOPT_SOCKETDATA, courier);
    (void)curl_multi_setopt(courier->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    (void)curl_multi_setopt(courier->multi, CURLMOPT_TIMERDATA, courier);
    (void)curl_multi_setopt(courier->multi, CURLMOPT_MAXCONNECTS, (long)COURIER_AT_ONCE);
    return STATUS_OK;
}

void transfer_close(struct courier *courier) {
    (void)curl_multi_cleanup(courier->multi);
    loop_timer_clear(courier->loop, &courier->multi_timer);
    curl_global_cleanup();
}
