/* Items come joined by commas; those between them become line ends. No byte of a UTF-8 sequence is
 * a comma, quote or brace. */
#include "ndjson.h"

void ndjson_lines(struct buf *out, struct str items) {
    unsigned depth = 0;
    bool quoted = false;
    buf_clear(out);
    buf_append(out, items);
    if (items.len == 0 || buf_status(out) != STATUS_OK)
        return;
    for (char *p = out->data, *end = p + out->len; p < end; p++) {
        if (quoted && *p == '\\')
            p++;
        else if (*p == '"')
            quoted = !quoted;
        else if (!quoted && (*p == '{' || *p == '['))
            depth++;
        else if (!quoted && (*p == '}' || *p == ']'))
            depth--;
        else if (*p == ',' && depth == 0)
            *p = '\n';
    }
    buf_append_char(out, '\n');
}
