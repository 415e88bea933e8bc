/* The options of `serve` about mail. */
#ifndef SEGRETERIA_CLI_MAIL_OPTIONS_H
#define SEGRETERIA_CLI_MAIL_OPTIONS_H

#include "segreteria/core/buf.h"
#include "segreteria/mail/courier.h"

struct mail_options {
    const char *smtp_url, *smtp_user, *smtp_password; /* NULL: none */
    const char *smtp_ca_file;                         /* NULL: none */
    struct buf smtp_ca; /* its content, read while the process may still be root */
    bool smtp_plain;
    const char *mail_from;  /* NULL: the default, allowed without a mail server only */
    const char *public_url; /* NULL: the address served on */
};

void mail_options_defaults(struct mail_options *out); /* from the environment */
/* False: something is wrong, and has been told on standard error. Also reads the certificates. */
bool mail_options_check(struct mail_options *options);
void mail_options_deinit(struct mail_options *options);
/* What the courier is told, borrowing from options; site: where people find this server, if no
 * option says so. Only after mail_options_check. */
void mail_options_courier(const struct mail_options *options, struct str site,
                          struct courier_options *out);

#endif
