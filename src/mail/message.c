/* A message: who it is for, its header, its two parts. */
#include "segreteria/mail/message.h"

#include <jansson.h>
#include <stdio.h>

#include "mime.h"
#include "segreteria/core/clock.h"
#include "segreteria/mail/calendar.h"
#include "template.h"

#define PART_MAX ((size_t)96 * 1024)
#define LINK_URL_MAX 512
#define NUMBER_CHARS 24

/* ---- addresses ---- */

static bool is_atom_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static bool is_domain_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

/* Parts divided by dots, none of them empty. */
static bool dotted(struct str text, bool (*holds)(char c)) {
    struct str part;
    while (str_split(&text, '.', &part)) {
        for (size_t i = 0; i < part.len; i++)
            if (!holds(part.ptr[i]))
                return false;
        if (part.len == 0)
            return false;
    }
    return true;
}

bool mail_address_valid(struct str address) {
    size_t at = str_find(address, '@');
    if (at == 0 || at > 64 || at == address.len || address.len > MAIL_ADDRESS_MAX)
        return false;
    struct str domain = str_from(address.ptr + at + 1, address.len - at - 1);
    return domain.len > 0 && dotted(str_from(address.ptr, at), is_atom_char) &&
           dotted(domain, is_domain_char);
}

enum status mail_sender_parse(struct str text, struct mail_sender *sender) {
    struct str name = STR_NONE, address = str_trim(text);
    if (str_ends_with(address, STR(">"))) {
        size_t open = str_find(address, '<');
        name = str_trim(str_from(address.ptr, open));
        if (open == address.len)
            return STATUS_INVALID;
        address = str_from(address.ptr + open + 1, address.len - open - 2);
    }
    if (name.len >= 2 && name.ptr[0] == '"' && name.ptr[name.len - 1] == '"')
        name = str_from(name.ptr + 1, name.len - 2);
    for (size_t i = 0; i < name.len; i++)
        if ((unsigned char)name.ptr[i] < ' ' || name.ptr[i] == 127)
            return STATUS_INVALID;
    if (!mail_address_valid(address) || name.len > 200 || !str_is_utf8(name))
        return STATUS_INVALID;
    sender->name = name.len == 0 ? STR_NONE : name;
    sender->address = address;
    return STATUS_OK;
}

/* ---- values ---- */

/* "2026-11-23T18:47:00.123Z" as people write it; anything else as it is. */
static struct str time_text(struct str at, struct str lang, char *out, size_t size) {
    static const char *const months[2][12] = {
        {"January", "February", "March", "April", "May", "June", "July", "August", "September",
         "October", "November", "December"},
        {"gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto",
         "settembre", "ottobre", "novembre", "dicembre"}};
    uint64_t month = 0, day = 0;
    if (at.len < 16 || str_to_u64(str_from(at.ptr + 5, 2), 12, &month) != STATUS_OK || month == 0 ||
        str_to_u64(str_from(at.ptr + 8, 2), 31, &day) != STATUS_OK)
        return at;
    int len = snprintf(out, size, "%u %s %.4s, %.5s UTC", (unsigned)day,
                       months[str_eq(lang, STR("it")) ? 1 : 0][month - 1], at.ptr, at.ptr + 11);
    return len > 0 && (size_t)len < size ? str_from(out, (size_t)len) : at;
}

static struct str role_text(struct str role, struct str lang) {
    static const struct {
        struct str code, it;
    } roles[] = {{STR_INIT("owner"), STR_INIT("titolare")},
                 {STR_INIT("recruiter"), STR_INIT("selezione del personale")},
                 {STR_INIT("viewer"), STR_INIT("sola lettura")}};
    for (size_t i = 0; str_eq(lang, STR("it")) && i < sizeof roles / sizeof roles[0]; i++)
        if (str_eq(role, roles[i].code))
            return roles[i].it;
    return role;
}

struct value_room {
    char at[64];
    char numbers[TEMPLATE_VALUES_MAX][NUMBER_CHARS];
    char url[LINK_URL_MAX];
};

/* The message's own values; those of params borrow from the document. */
static void add_params(struct template_values *values, const json_t *params, struct str lang,
                       struct value_room *room) {
    const char *name;
    json_t *value;
    size_t numbers = 0;
    json_object_foreach((json_t *)(uintptr_t)params, name, value) {
        struct str text = str_from(json_string_value(value), json_string_length(value));
        if (json_is_integer(value) && numbers < TEMPLATE_VALUES_MAX) {
            char *number = room->numbers[numbers++];
            (void)snprintf(number, NUMBER_CHARS, "%lld", (long long)json_integer_value(value));
            text = str_of(number);
        } else if (!json_is_string(value)) {
            continue;
        }
        if (strcmp(name, "at") == 0)
            text = time_text(text, lang, room->at, sizeof room->at);
        else if (strcmp(name, "role") == 0)
            text = role_text(text, lang);
        template_value_add(values, str_of(name), text);
    }
}

static enum status add_link(struct template_values *values, const struct mail_sender *sender,
                            const struct mail_message *message, struct value_room *room) {
    if (str_is_none(message->purpose))
        return STATUS_OK;
    int len = snprintf(room->url, sizeof room->url, "%.*s/links#%.*s=%.*s", STR_FMT(sender->site),
                       STR_FMT(message->purpose), STR_FMT(message->secret));
    if (len < 0 || (size_t)len >= sizeof room->url)
        return STATUS_TOO_LARGE;
    template_value_add(values, STR("url"), str_of(room->url));
    template_value_add(values, STR("token"), message->secret);
    return STATUS_OK;
}

/* ---- the message ---- */

static void write_header(struct buf *out, const struct mail_sender *sender,
                         const struct mail_message *message, struct str subject) {
    size_t at = str_find(sender->address, '@');
    buf_append(out, STR("Date: "));
    mime_date(out, message->unix_ms);
    buf_append(out, STR("\r\nFrom: "));
    if (!str_is_none(sender->name))
        mime_phrase(out, sender->name);
    buf_printf(out, "<%.*s>\r\nTo: <%.*s>\r\n", STR_FMT(sender->address), STR_FMT(message->to));
    mime_header(out, "Subject", subject);
    buf_printf(out,
               "Message-ID: <%.*s@%.*s>\r\n"
               "Auto-Submitted: auto-generated\r\n"
               "Content-Language: %.*s\r\n"
               "MIME-Version: 1.0\r\n",
               STR_FMT(message->id), (int)(sender->address.len - at - 1),
               sender->address.ptr + at + 1, STR_FMT(message->lang));
}

/* "=_" cannot stand in quoted-printable text, so no boundary can. */
static void write_part(struct buf *out, const struct mail_message *message, const char *type,
                       struct str text) {
    buf_printf(out,
               "--=_%.*s\r\nContent-Type: text/%s; charset=utf-8\r\n"
               "Content-Transfer-Encoding: quoted-printable\r\n\r\n",
               STR_FMT(message->id), type);
    mime_quoted_printable(out, text);
    buf_append(out, STR("\r\n"));
}

static void write_parts(struct buf *out, const struct mail_message *message,
                        const struct template_parts *parts) {
    buf_printf(out, "Content-Type: multipart/alternative;\r\n boundary=\"=_%.*s\"\r\n\r\n",
               STR_FMT(message->id));
    write_part(out, message, "plain", buf_str(&parts->text));
    write_part(out, message, "html", buf_str(&parts->html));
    buf_printf(out, "--=_%.*s--\r\n", STR_FMT(message->id));
}

/* The meeting after the text, as a file that calendars take: "=_m" and the id divide the two. Line
 * ends are those of quoted-printable text. */
static enum status write_with_calendar(struct buf *out, const struct mail_sender *sender,
                                       const struct mail_message *message, const json_t *meeting,
                                       const struct template_parts *parts) {
    const char *method = json_string_value(json_object_get(meeting, "method"));
    struct buf calendar, lines;
    buf_init(&calendar, CALENDAR_MAX);
    buf_init(&lines, CALENDAR_MAX);
    enum status status = calendar_write(meeting, sender->address, message->to, &calendar);
    for (size_t i = 0; i < calendar.len; i++)
        if (buf_str(&calendar).ptr[i] != '\r')
            buf_append_char(&lines, buf_str(&calendar).ptr[i]);
    buf_printf(out, "Content-Type: multipart/mixed;\r\n boundary=\"=_m%.*s\"\r\n\r\n--=_m%.*s\r\n",
               STR_FMT(message->id), STR_FMT(message->id));
    write_parts(out, message, parts);
    buf_printf(out,
               "\r\n--=_m%.*s\r\nContent-Type: text/calendar; charset=utf-8; method=%s;\r\n"
               " name=\"interview.ics\"\r\n"
               "Content-Disposition: attachment; filename=\"interview.ics\"\r\n"
               "Content-Transfer-Encoding: quoted-printable\r\n\r\n",
               STR_FMT(message->id),
               method != NULL && strcmp(method, "CANCEL") == 0 ? "CANCEL" : "REQUEST");
    mime_quoted_printable(out, buf_str(&lines));
    buf_printf(out, "\r\n--=_m%.*s--\r\n", STR_FMT(message->id));
    if (status == STATUS_OK)
        status = buf_status(&lines);
    buf_deinit(&calendar);
    buf_deinit(&lines);
    return status;
}

static bool is_sane(const struct mail_message *message) {
    struct str id = message->id;
    for (size_t i = 0; i < id.len; i++)
        if (!is_domain_char(id.ptr[i]))
            return false;
    return id.len > 0 && id.len <= 64 && mail_address_valid(message->to) &&
           (str_eq(message->lang, STR("it")) || str_eq(message->lang, STR("en")));
}

enum status mail_compose(const struct mail_sender *sender, const struct mail_message *message,
                         struct buf *out) {
    if (!is_sane(message))
        return STATUS_INVALID;
    json_t *params = json_loadb(message->params.ptr, message->params.len, 0, NULL);
    if (!json_is_object(params)) {
        json_decref(params);
        return STATUS_INVALID;
    }
    struct value_room room;
    struct template_values values = {0};
    /* The frame's come first: values of a message cannot stand for them. */
    template_value_add(&values, STR("site"), sender->site);
    enum status status = add_link(&values, sender, message, &room);
    add_params(&values, params, message->lang, &room);
    struct template_parts parts;
    buf_init(&parts.subject, 4096);
    buf_init(&parts.text, PART_MAX);
    buf_init(&parts.html, PART_MAX);
    if (status == STATUS_OK)
        status = template_render(message->template, message->lang, &values, &parts);
    if (status == STATUS_OK) {
        const json_t *meeting = json_object_get(params, "calendar");
        write_header(out, sender, message, buf_str(&parts.subject));
        if (json_is_object(meeting))
            status = write_with_calendar(out, sender, message, meeting, &parts);
        else
            write_parts(out, message, &parts);
        if (status == STATUS_OK)
            status = buf_status(out);
    }
    explicit_bzero(&room, sizeof room);
    buf_deinit(&parts.subject);
    buf_wipe(&parts.text);
    buf_wipe(&parts.html);
    json_decref(params);
    return status;
}
