/* A message, written: from a template and its values to the bytes that a mail server is given.
 *
 * RFC 5322 with MIME (RFC 2045 to 2047): multipart/alternative, plain text and HTML, in
 * quoted-printable. Nothing that comes from outside can add a header field or a tag: addresses are
 * checked, other header text is encoded unless it is plain ASCII, values in HTML are escaped, and
 * control and direction characters are left out of every value. Thread-safe.
 */
#ifndef SEGRETERIA_MAIL_MESSAGE_H
#define SEGRETERIA_MAIL_MESSAGE_H

#include <stdbool.h>

#include "segreteria/core/buf.h"
#include "segreteria/core/status.h"
#include "segreteria/core/str.h"

#define MAIL_ADDRESS_MAX 254                  /* RFC 5321 section 4.5.3.1.3, without <> */
#define MAIL_MESSAGE_MAX ((size_t)256 * 1024) /* bytes */

/* Who writes. */
struct mail_sender {
    struct str name;    /* shown beside the address; may be STR_NONE */
    struct str address; /* valid */
    struct str site;    /* where people find this server: "https://jobs.example.org" */
};

struct mail_message {
    struct str id;       /* unique and always the same for a message: its Message-ID */
    struct str template; /* "verify_email" */
    struct str lang;     /* "en" or "it" */
    struct str to;
    struct str params;  /* the template's values: a JSON object of texts and numbers */
    struct str purpose; /* of the link; STR_NONE: there is none */
    struct str secret;  /* of the link */
    int64_t unix_ms;    /* Date */
};

/* Whether mail can be sent to it: a dot-atom at a domain name, ASCII. (RFC 5321 allows quoted local
 * parts and address literals, too: nobody has such a mailbox.) */
bool mail_address_valid(struct str address);

/* "Name <a@b>" or "a@b" into sender->name and sender->address, which borrow. INVALID: it is
 * neither. */
NODISCARD enum status mail_sender_parse(struct str text, struct mail_sender *sender);

/* The whole message, lines ending in CRLF, appended to out. NOT_FOUND: no such template; INVALID:
 * the address or the values. out holds a secret if the message has a link: wipe it. */
NODISCARD enum status mail_compose(const struct mail_sender *sender,
                                   const struct mail_message *message, struct buf *out);

#endif
