/* The texts of messages: files of src/mail/templates, embedded at build.
 *
 * A template is one text for both parts of a message. Its first line is `Subject: ...`; paragraphs
 * are divided by empty lines. `{name}` stands for a value. In a paragraph of lines that begin with
 * "- " each line is an item; `?name ` before a line drops it where that value is missing. A
 * paragraph `=> Label` is the message's link.
 */
#ifndef SEGRETERIA_MAIL_TEMPLATE_H
#define SEGRETERIA_MAIL_TEMPLATE_H

#include "segreteria/core/buf.h"
#include "segreteria/core/status.h"
#include "segreteria/core/str.h"

struct template_value {
    struct str name, value;
};

#define TEMPLATE_VALUES_MAX 24

struct template_values {
    struct template_value list[TEMPLATE_VALUES_MAX];
    size_t count;
};

/* One more value; beyond TEMPLATE_VALUES_MAX it is left out. Borrows both. */
void template_value_add(struct template_values *values, struct str name, struct str value);

/* Of a template: the parts of the message. */
struct template_parts {
    struct buf subject, text, html;
};

/* Appends to the parts. NOT_FOUND: no such template. Values are cleaned and cut here. {url},
 * {token}: the link's; {site}, {name}: for the frame. */
NODISCARD enum status template_render(struct str name, struct str lang,
                                      const struct template_values *values,
                                      struct template_parts *parts);

#endif
