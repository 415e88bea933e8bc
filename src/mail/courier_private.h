/* What the courier's files share: its messages in hand and how each stands. */
#ifndef SEGRETERIA_MAIL_COURIER_PRIVATE_H
#define SEGRETERIA_MAIL_COURIER_PRIVATE_H

#include <curl/curl.h>

#include "segreteria/core/uuid.h"
#include "segreteria/mail/courier.h"

#define REASON_SIZE 200

/* One message in hand. */
struct delivery {
    struct courier *courier;
    bool busy;
    char id[UUID_TEXT_SIZE], lease[UUID_TEXT_SIZE], template[64], to[MAIL_ADDRESS_MAX + 1];
    struct buf message;
    uint64_t started_ms;

    /* the transfer */
    CURL *easy; /* NULL: none */
    struct curl_slist *recipients;
    size_t given;       /* bytes of the message that libcurl has taken */
    bool asked, handed; /* leave to give it the text: asked for; committed */
    char verb[5];       /* of the last command sent: "RCPT" */

    /* its statement */
    struct db_call call;
    struct str params[4];
    bool calling;
    struct loop_timer again; /* what must be written down is tried until it is */
    unsigned tries;
    char reason[REASON_SIZE];
};

struct courier {
    struct courier_options options;
    const _Atomic(const struct keys *) *keys;
    struct loop *loop;
    struct db_lane *lane;
    CURLM *multi;
    struct loop_timer multi_timer;
    struct delivery deliveries[COURIER_AT_ONCE];

    struct loop_timer poll;
    struct db_call lease;
    struct str lease_params[2];
    char lease_id[UUID_TEXT_SIZE], lease_limit[24];
    bool leasing, woken;
    uint64_t files_purged_ms;

    void (*on_idle)(void *context); /* draining */
    void *idle_context;
};

/* transfer.c: one message over SMTP. */
NODISCARD enum status transfer_open(struct courier *courier);
void transfer_close(struct courier *courier);
NODISCARD enum status transfer_start(struct delivery *delivery);
void transfer_stop(struct delivery *delivery); /* no-op without one */

/* files.c */
NODISCARD enum status file_write(const struct courier *courier, const char *id, struct str message);
void file_purge(const struct courier *courier); /* those older than 30 days */

/* courier.c: what became of a delivery; called by the transfer. */
void delivery_sent(struct delivery *delivery);
/* again: later; otherwise it is given up. reason: for the operator, no address, no text of the
 * server. */
void delivery_failed(struct delivery *delivery, bool again, const char *reason, ...)
    PRINTF_LIKE(3, 4);
/* Asks for leave to give the text to the server; delivery->handed is set, and the transfer goes on,
 * or the delivery ends. */
NODISCARD enum status delivery_hand(struct delivery *delivery);

#endif
