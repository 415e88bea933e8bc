/* GET /.well-known/security.txt (RFC 9116): whom to tell of a weakness. Expires is half a year from
 * today, so that a copy somebody keeps is not believed for ever; it changes once a day. */
#include "generated/api_operations.h"
#include "segreteria/api/call.h"
#include "segreteria/core/clock.h"

#define DAY_MS ((int64_t)86400 * 1000)
#define VALID_DAYS 180
#define TEXT_MAX ((size_t)16 * 1024)

static void write(const struct api_site *site, struct buf *out) {
    char expires[CLOCK_RFC3339_SIZE];
    clock_format_rfc3339((clock_unix_ms() / DAY_MS + VALID_DAYS) * DAY_MS, expires);
    for (size_t i = 0; i < site->security_contacts_count; i++)
        buf_printf(out, "Contact: %.*s\n", STR_FMT(site->security_contacts[i]));
    buf_printf(out, "Expires: %s\nPreferred-Languages: en, it\n", expires);
    if (site->url != NULL)
        buf_printf(out, "Canonical: %s/.well-known/security.txt\n", site->url);
}

enum status api_system_security_txt(struct api_call *call) {
    const struct api_site *site = &call->worker->shared->site;
    if (site->security_contacts_count == 0) {
        api_problem(call, "not_found");
        return STATUS_OK;
    }
    struct buf out;
    buf_init(&out, TEXT_MAX);
    write(site, &out);
    char *text = buf_status(&out) == STATUS_OK ? arena_strdup(call->arena, buf_str(&out)) : NULL;
    struct str body = str_from(text, out.len);
    buf_deinit(&out);
    if (text == NULL)
        return STATUS_NO_MEMORY;
    api_reply_text(call, 200, "text/plain; charset=utf-8", body);
    return STATUS_OK;
}
