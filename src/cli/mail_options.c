/* Which mail server, who writes, and where people find this server. */
#include "mail_options.h"

#include <stdio.h>

#include "command.h"

#define DEFAULT_FROM "Segreteria <segreteria@localhost>"
#define URL_MAX 200
#define CA_MAX ((size_t)2 * 1024 * 1024)
#define CA_CHUNK 16384

void mail_options_defaults(struct mail_options *out) {
    *out = (struct mail_options){.smtp_url = cli_env("SEGRETERIA_SMTP_URL", NULL),
                                 .smtp_user = cli_env("SEGRETERIA_SMTP_USER", NULL),
                                 .smtp_password = cli_env("SEGRETERIA_SMTP_PASSWORD", NULL),
                                 .mail_from = cli_env("SEGRETERIA_MAIL_FROM", NULL),
                                 .public_url = cli_env("SEGRETERIA_PUBLIC_URL", NULL)};
    buf_init(&out->smtp_ca, CA_MAX);
}

void mail_options_deinit(struct mail_options *options) { buf_deinit(&options->smtp_ca); }

static bool refuse(const char *why) {
    (void)fprintf(stderr, "segreteria: %s\n", why);
    return false;
}

/* What stands between one of the schemes and the end, or STR_NONE. */
static struct str after_scheme(struct str url, struct str one, struct str other) {
    struct str scheme = str_starts_with(url, one) ? one : other;
    if (!str_starts_with(url, scheme) || url.len > URL_MAX)
        return STR_NONE;
    for (size_t i = 0; i < url.len; i++)
        if (url.ptr[i] <= ' ' || url.ptr[i] > '~' || strchr("\"<>\\^`{|}", url.ptr[i]) != NULL)
            return STR_NONE;
    return str_from(url.ptr + scheme.len, url.len - scheme.len);
}

static bool read_certificates(struct mail_options *options) {
    FILE *file = fopen(options->smtp_ca_file, "re");
    for (size_t got = 1; file != NULL && got > 0;) {
        char *room = buf_reserve(&options->smtp_ca, CA_CHUNK);
        got = room == NULL ? 0 : fread(room, 1, CA_CHUNK, file);
        if (room != NULL)
            buf_commit(&options->smtp_ca, got);
    }
    bool ok = file != NULL && ferror(file) == 0 && buf_status(&options->smtp_ca) == STATUS_OK &&
              strstr(options->smtp_ca.data, "-----BEGIN CERTIFICATE-----") != NULL;
    if (file != NULL)
        (void)fclose(file);
    return ok || refuse("the file of --smtp-ca-file cannot be read, or holds no certificate");
}

static bool check_smtp(struct mail_options *options) {
    if (options->smtp_url == NULL)
        return options->smtp_user == NULL ||
               refuse("SEGRETERIA_SMTP_USER is set, but --smtp-url names no mail server");
    struct str rest = after_scheme(str_of(options->smtp_url), STR("smtps://"), STR("smtp://"));
    if (rest.len == 0)
        return refuse("--smtp-url takes smtp://HOST:PORT or smtps://HOST:PORT");
    if (str_find(rest, '@') < rest.len) /* the URL stands in the process list */
        return refuse("--smtp-url takes no user and password: set SEGRETERIA_SMTP_USER and "
                      "SEGRETERIA_SMTP_PASSWORD");
    if (str_find(rest, '?') < rest.len || str_find(rest, '#') < rest.len)
        return refuse("--smtp-url takes smtp://HOST:PORT or smtps://HOST:PORT");
    if (options->smtp_plain && options->smtp_user != NULL &&
        str_starts_with(str_of(options->smtp_url), STR("smtp://")))
        return refuse("a password would go over the network as it is: leave out --smtp-plain");
    if (options->mail_from == NULL)
        return refuse("--smtp-url needs --mail-from, the address that mail comes from");
    return options->smtp_ca_file == NULL || read_certificates(options);
}

static bool check_site(const char *url) {
    struct str rest = after_scheme(str_of(url), STR("https://"), STR("http://"));
    if (rest.len == 0 || str_ends_with(rest, STR("/")) || str_find(rest, '@') < rest.len ||
        str_find(rest, '?') < rest.len || str_find(rest, '#') < rest.len)
        return refuse("--public-url takes an address such as https://jobs.example.org, without a "
                      "slash at its end");
    return true;
}

bool mail_options_check(struct mail_options *options) {
    struct mail_sender sender;
    if (options->mail_from != NULL &&
        mail_sender_parse(str_of(options->mail_from), &sender) != STATUS_OK)
        return refuse("--mail-from takes an address: \"Name <mail@example.org>\"");
    return check_smtp(options) && (options->public_url == NULL || check_site(options->public_url));
}

void mail_options_courier(const struct mail_options *options, struct str site,
                          struct courier_options *out) {
    *out = (struct courier_options){
        .smtp_url = options->smtp_url,
        .smtp_user = options->smtp_user,
        .smtp_password = options->smtp_password,
        .smtp_ca = options->smtp_ca_file == NULL ? STR_NONE : buf_str(&options->smtp_ca),
        .smtp_plain = options->smtp_plain};
    (void)!mail_sender_parse(str_of(options->mail_from != NULL ? options->mail_from : DEFAULT_FROM),
                             &out->sender);
    out->sender.site = options->public_url != NULL ? str_of(options->public_url) : site;
}
