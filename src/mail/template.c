/* Renders a template: values filled in, paragraphs as wrapped text and as HTML. */
#include "template.h"

#include <stdio.h>

#include "generated/assets.h"

#define VALUE_CHARS 300 /* bytes of a value that are shown */
#define TEXT_COLUMNS 72
#define PARAGRAPH_MAX 16384

enum escape { PLAIN, HTML };

static struct str file_find(const char *name) {
    for (size_t i = 0; i < assets_mail_count; i++)
        if (strcmp(assets_mail[i].name, name) == 0)
            return str_from((const char *)assets_mail[i].data, assets_mail[i].len);
    return STR_NONE;
}

static struct str file_in(struct str name, struct str lang) {
    char path[128];
    int len = snprintf(path, sizeof path, "%.*s.%.*s.txt", STR_FMT(name), STR_FMT(lang));
    return len > 0 && (size_t)len < sizeof path ? file_find(path) : STR_NONE;
}

void template_value_add(struct template_values *values, struct str name, struct str value) {
    if (values->count < TEMPLATE_VALUES_MAX && !str_is_none(value))
        values->list[values->count++] = (struct template_value){name, value};
}

static struct str value_of(const struct template_values *values, struct str name) {
    for (size_t i = 0; i < values->count; i++)
        if (str_eq(values->list[i].name, name))
            return values->list[i].value;
    return STR_NONE;
}

/* ---- one value ---- */

/* Characters that show nothing and change how what is around them is read: controls, separators,
 * and what turns the direction of text. len: bytes of the character at s. */
static bool is_hidden(struct str s, size_t len) {
    unsigned char a = (unsigned char)s.ptr[0];
    if (len == 1)
        return a < ' ' || a == 127;
    unsigned char b = (unsigned char)s.ptr[1];
    if (len == 2)
        return (a == 0xC2 && b < 0xA0) || (a == 0xD8 && b == 0x9C);
    unsigned char c = len >= 3 ? (unsigned char)s.ptr[2] : 0;
    if (a == 0xE2 && b == 0x80)
        return (c >= 0x8B && c <= 0x8F) || (c >= 0xA8 && c <= 0xAE);
    if (a == 0xE2 && b == 0x81)
        return c >= 0xA0 && c <= 0xAF;
    return a == 0xEF && b == 0xBB && c == 0xBF;
}

static size_t char_len(struct str s) {
    unsigned char a = (unsigned char)s.ptr[0];
    size_t len = a < 0x80 ? 1 : a < 0xE0 ? 2 : a < 0xF0 ? 3 : 4;
    return len < s.len ? len : s.len;
}

static void append_escaped(struct buf *out, struct str character, enum escape escape) {
    if (escape == HTML && character.len == 1) {
        switch (character.ptr[0]) {
        case '&': buf_append(out, STR("&amp;")); return;
        case '<': buf_append(out, STR("&lt;")); return;
        case '>': buf_append(out, STR("&gt;")); return;
        case '"': buf_append(out, STR("&quot;")); return;
        case '\'': buf_append(out, STR("&#39;")); return;
        default: break;
        }
    }
    buf_append(out, character);
}

static void append_value(struct buf *out, struct str value, enum escape escape) {
    size_t shown = 0;
    while (value.ptr != NULL && value.len > 0) {
        size_t len = char_len(value);
        struct str character = str_from(value.ptr, len);
        if (shown + len > VALUE_CHARS) {
            buf_append(out, STR("…"));
            return;
        }
        if (is_hidden(value, len))
            character = STR(" ");
        append_escaped(out, character, escape);
        shown += len;
        value = str_from(value.ptr + len, value.len - len);
    }
}

/* ---- filling in ---- */

/* Text with its {values}; {+name} is put in as it is. literal: what becomes of the text around
 * them. */
static void fill_file(struct buf *out, struct str text, const struct template_values *values,
                      enum escape literal, enum escape escape) {
    while (text.ptr != NULL && text.len > 0) {
        size_t open = str_find(text, '{');
        struct str before = str_from(text.ptr, open);
        while (before.len > 0) {
            append_escaped(out, str_from(before.ptr, 1), literal);
            before = str_from(before.ptr + 1, before.len - 1);
        }
        if (open == text.len)
            return;
        text = str_from(text.ptr + open + 1, text.len - open - 1);
        size_t close = str_find(text, '}');
        struct str name = str_from(text.ptr, close);
        size_t used = close < text.len ? close + 1 : close;
        text = str_from(text.ptr + used, text.len - used);
        if (str_starts_with(name, STR("+")))
            buf_append(out, value_of(values, str_from(name.ptr + 1, name.len - 1)));
        else
            append_value(out, value_of(values, name), escape);
    }
}

static void fill(struct buf *out, struct str text, const struct template_values *values,
                 enum escape escape) {
    fill_file(out, text, values, escape, escape);
}

/* A line of common.<lang>.txt: `key: text`. */
static struct str common_text(struct str lang, struct str key) {
    struct str rest = file_in(STR("common"), lang), line;
    while (str_split(&rest, '\n', &line))
        if (str_starts_with(line, key) && line.len > key.len && line.ptr[key.len] == ':')
            return str_trim(str_from(line.ptr + key.len + 1, line.len - key.len - 1));
    return STR_NONE;
}

static void append_wrapped(struct buf *out, struct str text, const char *indent) {
    size_t column = 0;
    struct str word;
    while (str_split(&text, ' ', &word)) {
        if (word.len == 0)
            continue;
        if (column > 0 && column + 1 + word.len > TEXT_COLUMNS) {
            buf_append_char(out, '\n');
            buf_append_text(out, indent);
            column = strlen(indent);
        } else if (column > 0) {
            buf_append_char(out, ' ');
            column++;
        }
        buf_append(out, word);
        column += word.len;
    }
    buf_append_char(out, '\n');
}

/* ---- paragraphs ---- */

struct render {
    const struct template_values *values;
    struct str lang;
    struct buf *text, *body;
    enum status status;
};

/* An HTML fragment around a text. */
static void append_fragment(struct render *render, const char *file, struct str text) {
    struct buf filled;
    buf_init(&filled, PARAGRAPH_MAX);
    fill(&filled, text, render->values, HTML);
    struct template_values frame = *render->values;
    template_value_add(&frame, STR("text"), buf_str(&filled));
    fill_file(render->body, file_find(file), &frame, PLAIN, HTML);
    if (buf_status(&filled) != STATUS_OK)
        render->status = buf_status(&filled);
    buf_wipe(&filled);
}

static void append_paragraph(struct render *render, struct str paragraph, const char *indent) {
    struct buf filled;
    buf_init(&filled, PARAGRAPH_MAX);
    fill(&filled, paragraph, render->values, PLAIN);
    append_wrapped(render->text, buf_str(&filled), indent);
    if (buf_status(&filled) != STATUS_OK)
        render->status = buf_status(&filled);
    buf_wipe(&filled);
}

/* "?name " before a line: false when that value is missing; else the line without it. */
static bool line_wanted(const struct render *render, struct str *line) {
    if (!str_starts_with(*line, STR("?")))
        return true;
    size_t space = str_find(*line, ' ');
    struct str name = str_from(line->ptr + 1, space - 1);
    size_t used = space < line->len ? space + 1 : space;
    *line = str_from(line->ptr + used, line->len - used);
    return value_of(render->values, name).len > 0;
}

static void render_items(struct render *render, struct str paragraph) {
    struct str line;
    while (str_split(&paragraph, '\n', &line)) {
        if (!line_wanted(render, &line))
            continue;
        append_paragraph(render, line, "  ");
        append_fragment(render, "item.html", str_from(line.ptr + 2, line.len - 2));
    }
    append_fragment(render, "after_items.html", STR(""));
    buf_append_char(render->text, '\n');
}

static void render_action(struct render *render, struct str label) {
    append_fragment(render, "action.html", label);
    buf_append(render->text, label);
    buf_append(render->text, STR(":\n\n"));
    append_value(render->text, value_of(render->values, STR("url")), PLAIN);
    buf_append(render->text, STR("\n\n"));
    fill(render->text, common_text(render->lang, STR("token")), render->values, PLAIN);
    buf_append(render->text, STR("\n\n"));
}

static void render_paragraph(struct render *render, struct str paragraph) {
    struct str first = str_from(paragraph.ptr, str_find(paragraph, '\n'));
    if (str_starts_with(paragraph, STR("=> "))) {
        render_action(render, str_from(first.ptr + 3, first.len - 3));
    } else if (str_starts_with(paragraph, STR("- ")) || str_starts_with(paragraph, STR("?"))) {
        render_items(render, paragraph);
    } else {
        append_paragraph(render, paragraph, "");
        buf_append_char(render->text, '\n');
        append_fragment(render, "paragraph.html", paragraph);
    }
}

/* Cuts the text at its first empty line. */
static struct str next_paragraph(struct str *rest) {
    while (rest->len > 0 && rest->ptr[0] == '\n')
        *rest = str_from(rest->ptr + 1, rest->len - 1);
    size_t end = 0;
    while (end < rest->len &&
           !(rest->ptr[end] == '\n' && (end + 1 == rest->len || rest->ptr[end + 1] == '\n')))
        end++;
    struct str paragraph = str_from(rest->ptr, end);
    *rest = str_from(rest->ptr + end, rest->len - end);
    return paragraph;
}

static void render_frame(struct render *render, struct template_parts *parts) {
    struct buf footer;
    buf_init(&footer, PARAGRAPH_MAX);
    struct str text = common_text(render->lang, STR("footer"));
    fill(&footer, text, render->values, PLAIN);
    buf_append(render->text, STR("-- \n"));
    append_wrapped(render->text, buf_str(&footer), "");
    struct template_values frame = {0};
    template_value_add(&frame, STR("lang"), render->lang);
    template_value_add(&frame, STR("subject"), buf_str(&parts->subject));
    template_value_add(&frame, STR("footer"), buf_str(&footer));
    template_value_add(&frame, STR("body"), buf_str(render->body));
    fill_file(&parts->html, file_find("layout.html"), &frame, PLAIN, HTML);
    buf_deinit(&footer);
}

static enum status parts_status(const struct template_parts *parts) {
    const enum status all[] = {buf_status(&parts->subject), buf_status(&parts->text),
                               buf_status(&parts->html)};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i] != STATUS_OK)
            return all[i];
    return STATUS_OK;
}

enum status template_render(struct str name, struct str lang, const struct template_values *values,
                            struct template_parts *parts) {
    struct str rest = file_in(name, lang);
    if (str_is_none(rest) || !str_starts_with(rest, STR("Subject: ")))
        return STATUS_NOT_FOUND;
    struct buf body;
    buf_init(&body, (size_t)128 * 1024);
    struct render render = {.values = values, .lang = lang, .text = &parts->text, .body = &body};
    struct str subject = next_paragraph(&rest);
    fill(&parts->subject, str_from(subject.ptr + 9, subject.len - 9), values, PLAIN);
    bool known = value_of(values, STR("name")).len > 0;
    render_paragraph(&render, common_text(lang, known ? STR("hello") : STR("hello_nobody")));
    for (struct str paragraph; (paragraph = next_paragraph(&rest)).len > 0;)
        render_paragraph(&render, paragraph);
    render_frame(&render, parts);
    enum status status = render.status != STATUS_OK ? render.status : buf_status(&body);
    buf_wipe(&body);
    return status != STATUS_OK ? status : parts_status(parts);
}
