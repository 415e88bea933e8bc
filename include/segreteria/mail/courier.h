/* Sends what waits in the outbox: through a mail server (SMTP, by libcurl), or into files when
 * there is none.
 *
 * Never blocks its loop: libcurl's multi interface on the loop's descriptors and timers, statements
 * on a lane. At most COURIER_AT_ONCE messages at a time. A message is leased (FOR UPDATE SKIP
 * LOCKED), so any number of instances may run; when the mail server is ready for the text, that is
 * committed before the first byte goes. So a message is handed over at most once: what fails before
 * its last byte has gone, or is refused with 4xx, is tried again later; what is refused for good is
 * given up; and a message of which nobody knows whether it was taken (the connection or the process
 * ended in between) is given up, too, for an operator to decide. Files are named by the message's
 * id, so writing one again changes nothing. Thread: the loop's own.
 */
#ifndef SEGRETERIA_MAIL_COURIER_H
#define SEGRETERIA_MAIL_COURIER_H

#include <stdatomic.h>

#include "segreteria/auth/keys.h"
#include "segreteria/db/lane.h"
#include "segreteria/mail/message.h"
#include "segreteria/worker/loop.h"

#define COURIER_AT_ONCE 4

struct courier;

struct courier_options {
    struct mail_sender sender;
    const char *smtp_url;      /* "smtp://host:587" or "smtps://host"; NULL: files */
    const char *smtp_user;     /* NULL: none */
    const char *smtp_password; /* NULL: none */
    struct str smtp_ca;        /* certificates to trust, PEM; STR_NONE: the system's */
    bool smtp_plain;           /* smtp:// without STARTTLS; otherwise that is required */
    int data_dir_fd;           /* files go to mail/ below it */
    const char *data_dir;      /* its path, for the log */
};

/* Everything it borrows must outlive it. `lane` prepares courier_statements. *keys may become
 * another ring at any time. */
NODISCARD enum status courier_create(const struct courier_options *options,
                                     const _Atomic(const struct keys *) *keys, struct loop *loop,
                                     struct db_lane *lane, struct courier **out);
/* Not before the loop has ended, and before the lane is destroyed. What was in the middle of being
 * sent is cut off. NULL is allowed. */
void courier_destroy(struct courier *courier);

/* Something was queued: look at once. */
void courier_wake(struct courier *courier);
/* Takes nothing more; on_idle is called (once, at once or later) when nothing is being sent. */
void courier_drain(struct courier *courier, void (*on_idle)(void *context), void *context);

#define COURIER_STATEMENTS 4
extern const struct db_statement *const courier_statements[COURIER_STATEMENTS];

#endif
