/* Writes iCalendar: one VEVENT an event, text escaped (RFC 5545 section 3.3.11), lines folded at 75
 * octets (section 3.1), times in UTC. */
#include "segreteria/mail/calendar.h"

#include <string.h>

#define LINE_OCTETS 75
#define LINE_MAX_BYTES 4096
#define TIME_CHARS 17 /* 20261130T100000Z and its NUL */

static struct str member(const json_t *object, const char *name) {
    const json_t *value = json_object_get(object, name);
    return json_is_string(value) ? str_from(json_string_value(value), json_string_length(value))
                                 : STR_NONE;
}

/* One content line; a fold never divides a character. */
static void put_line(struct buf *out, struct str line) {
    size_t column = 0;
    for (size_t i = 0; i < line.len;) {
        size_t width = 1;
        while (i + width < line.len && ((unsigned char)line.ptr[i + width] & 0xC0) == 0x80)
            width++;
        if (column + width > LINE_OCTETS) {
            buf_append(out, STR("\r\n "));
            column = 1;
        }
        buf_append(out, str_from(line.ptr + i, width));
        column += width;
        i += width;
    }
    buf_append(out, STR("\r\n"));
}

/* Ends a line that was built apart. One that did not fit is missed by whoever checks `out`. */
static void end_line(struct buf *out, struct buf *line) {
    if (buf_status(line) == STATUS_OK)
        put_line(out, buf_str(line));
    else if (out->status == STATUS_OK)
        out->status = line->status;
    buf_deinit(line);
}

/* A line end in a text is \n, however it was written; of control characters RFC 5545 allows the
 * tab. */
static void escape(struct buf *out, struct str text) {
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        bool before_lf = i + 1 < text.len && text.ptr[i + 1] == '\n';
        if (c == '\n' || (c == '\r' && !before_lf))
            buf_append(out, STR("\\n"));
        else if (c == '\\' || c == ';' || c == ',')
            buf_printf(out, "\\%c", c);
        else if ((c >= ' ' && c != 127) || c == '\t')
            buf_append_char(out, (char)c);
    }
}

static void put_text(struct buf *out, const char *name, struct str text) {
    if (str_is_none(text) || text.len == 0)
        return;
    struct buf line;
    buf_init(&line, LINE_MAX_BYTES);
    buf_printf(&line, "%s:", name);
    escape(&line, text);
    end_line(out, &line);
}

/* Without control characters, which would end the line, and spaces. */
static void append_raw(struct buf *line, struct str value) {
    for (size_t i = 0; i < value.len; i++)
        if ((unsigned char)value.ptr[i] > ' ' && value.ptr[i] != 127)
            buf_append_char(line, value.ptr[i]);
}

/* A value that is no text, such as a URI. */
static void put_raw(struct buf *out, const char *name, struct str value) {
    if (str_is_none(value) || value.len == 0)
        return;
    struct buf line;
    buf_init(&line, LINE_MAX_BYTES);
    buf_printf(&line, "%s:", name);
    append_raw(&line, value);
    end_line(out, &line);
}

/* A parameter's value in quotes, which it cannot hold itself (RFC 5545 section 3.2). */
static void put_person(struct buf *out, const char *name, struct str common_name,
                       struct str address) {
    struct buf line;
    buf_init(&line, LINE_MAX_BYTES);
    buf_printf(&line, "%s", name);
    if (!str_is_none(common_name)) {
        buf_append(&line, STR(";CN=\""));
        for (size_t i = 0; i < common_name.len; i++)
            if ((unsigned char)common_name.ptr[i] >= ' ' && common_name.ptr[i] != '"' &&
                common_name.ptr[i] != 127)
                buf_append_char(&line, common_name.ptr[i]);
        buf_append_char(&line, '"');
    }
    buf_append(&line, STR(":mailto:"));
    append_raw(&line, address);
    end_line(out, &line);
}

/* "2026-11-30T10:00:00.000Z" as 20261130T100000Z; false: it is not such a time. */
static bool utc_time(struct str at, char out[TIME_CHARS]) {
    static const char form[] = "dddd-dd-ddTdd:dd:dd";
    size_t n = 0;
    if (at.len < sizeof form || at.ptr[at.len - 1] != 'Z')
        return false;
    for (size_t i = 0; i < sizeof form - 1; i++) {
        bool digit = at.ptr[i] >= '0' && at.ptr[i] <= '9';
        if (form[i] == 'd' ? !digit : at.ptr[i] != form[i])
            return false;
        if (digit || form[i] == 'T')
            out[n++] = at.ptr[i];
    }
    out[n++] = 'Z';
    out[n] = '\0';
    return true;
}

static bool put_event(struct buf *out, const json_t *meeting, const json_t *event, size_t place) {
    char starts[TIME_CHARS], ends[TIME_CHARS], stamp[TIME_CHARS];
    struct str uid = member(meeting, "uid"), status = member(meeting, "status");
    if (!utc_time(member(event, "starts_at"), starts) ||
        !utc_time(member(event, "ends_at"), ends) || !utc_time(member(meeting, "stamp"), stamp) ||
        str_is_none(uid) || str_is_none(status))
        return false;
    struct buf id;
    buf_init(&id, LINE_MAX_BYTES);
    buf_printf(&id, "%.*s", STR_FMT(uid));
    if (place > 0)
        buf_printf(&id, "-%zu", place);
    bool fits = buf_status(&id) == STATUS_OK;
    buf_append(out, STR("BEGIN:VEVENT\r\n"));
    put_raw(out, "UID", buf_str(&id));
    buf_deinit(&id);
    buf_printf(out, "SEQUENCE:%lld\r\nDTSTAMP:%s\r\nDTSTART:%s\r\nDTEND:%s\r\n",
               (long long)json_integer_value(json_object_get(meeting, "sequence")), stamp, starts,
               ends);
    put_raw(out, "STATUS", status);
    put_text(out, "SUMMARY", member(meeting, "summary"));
    put_text(out, "LOCATION", member(meeting, "location"));
    put_raw(out, "URL", member(meeting, "url"));
    return fits;
}

enum status calendar_write(const json_t *meeting, struct str organizer, struct str attendee,
                           struct buf *out) {
    const json_t *events = json_object_get(meeting, "events");
    struct str method = member(meeting, "method");
    bool sent = !str_is_none(organizer) && !str_is_none(attendee) && !str_is_none(method);
    size_t count = json_array_size(events);
    if (count == 0 || (sent && count != 1)) /* RFC 5546: one meeting a message */
        return STATUS_INVALID;
    buf_append(out, STR("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Segreteria//Interviews//EN\r\n"
                        "CALSCALE:GREGORIAN\r\n"));
    if (sent)
        put_raw(out, "METHOD", method);
    for (size_t i = 0; i < count; i++) {
        if (!put_event(out, meeting, json_array_get(events, i), count == 1 ? 0 : i + 1))
            return STATUS_INVALID;
        if (sent) {
            put_person(out, "ORGANIZER", member(meeting, "organizer"), organizer);
            put_person(out, "ATTENDEE;ROLE=REQ-PARTICIPANT;RSVP=FALSE", STR_NONE, attendee);
        }
        buf_append(out, STR("END:VEVENT\r\n"));
    }
    buf_append(out, STR("END:VCALENDAR\r\n"));
    return buf_status(out);
}
