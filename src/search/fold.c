/* Folding by a table. What it says was made from Unicode's decompositions by the rules of
 * search_fold(); tests/sql/test_search_plan.py compares it with PostgreSQL, sign by sign. */
#include "segreteria/search/fold.h"

#define TABLE_FIRST 0xa1u
#define TABLE_LAST 0x17fu

/* " " separates words; NULL: not sure. */
static const char *const table[] = {
    " ", " ",  " ",  " ", " ",  " ",  " ",  " ",  " ",  "a",  " ",  " ",   " ",   " ",   " ",  " ",
    " ", "2",  "3",  " ", NULL, " ",  " ",  " ",  "1",  "o",  " ",  "1 4", "1 2", "3 4", " ",  "a",
    "a", "a",  "a",  "a", "a",  "ae", "c",  "e",  "e",  "e",  "e",  "i",   "i",   "i",   "i",  "d",
    "n", "o",  "o",  "o", "o",  "o",  " ",  "o",  "u",  "u",  "u",  "u",   "y",   "th",  "ss", "a",
    "a", "a",  "a",  "a", "a",  "ae", "c",  "e",  "e",  "e",  "e",  "i",   "i",   "i",   "i",  "d",
    "n", "o",  "o",  "o", "o",  "o",  " ",  "o",  "u",  "u",  "u",  "u",   "y",   "th",  "y",  "a",
    "a", "a",  "a",  "a", "a",  "c",  "c",  "c",  "c",  "c",  "c",  "c",   "c",   "d",   "d",  "d",
    "d", "e",  "e",  "e", "e",  "e",  "e",  "e",  "e",  "e",  "e",  "g",   "g",   "g",   "g",  "g",
    "g", "g",  "g",  "h", "h",  NULL, NULL, "i",  "i",  "i",  "i",  "i",   "i",   "i",   "i",  "i",
    "i", "ij", "ij", "j", "j",  "k",  "k",  NULL, "l",  "l",  "l",  "l",   "l",   "l",   "l ", "l ",
    "l", "l",  "n",  "n", "n",  "n",  "n",  "n",  " n", NULL, NULL, "o",   "o",   "o",   "o",  "o",
    "o", "oe", "oe", "r", "r",  "r",  "r",  "r",  "r",  "s",  "s",  "s",   "s",   "s",   "s",  "s",
    "s", "t",  "t",  "t", "t",  NULL, NULL, "u",  "u",  "u",  "u",  "u",   "u",   "u",   "u",  "u",
    "u", "u",  "u",  "w", "w",  "y",  "y",  "y",  "z",  "z",  "z",  "z",   "z",   "z",   "s",
};
_Static_assert(sizeof table / sizeof table[0] == TABLE_LAST - TABLE_FIRST + 1, "a sign each");

uint32_t fold_next(struct str *rest) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (rest->len == 0)
        return 0;
    unsigned char first = (unsigned char)rest->ptr[0];
    size_t len = first < 0x80 ? 1 : first < 0xc0 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (len == 0 || len > rest->len)
        return 0;
    uint32_t point = len == 1 ? first : first & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) {
        unsigned char next = (unsigned char)rest->ptr[i];
        if ((next & 0xc0u) != 0x80)
            return 0;
        point = point << 6 | (next & 0x3fu);
    }
    if (point < least[len])
        return 0;
    *rest = str_from(rest->ptr + len, rest->len - len);
    return point;
}

static void append_letter(struct buf *out, size_t start, char c) {
    if (c != ' ')
        buf_append_char(out, c);
    else if (out->len > start && out->data[out->len - 1] != ' ')
        buf_append_char(out, ' ');
}

static bool append_point(struct buf *out, size_t start, uint32_t point) {
    if (point < 0x80) {
        char c = (char)point;
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        bool word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        append_letter(out, start, word ? c : ' ');
        return point >= 0x20 || (point >= 0x09 && point <= 0x0d);
    }
    if (point >= TABLE_FIRST && point <= TABLE_LAST) {
        const char *folded = table[point - TABLE_FIRST];
        for (const char *c = folded; c != NULL && *c != '\0'; c++)
            append_letter(out, start, *c);
        return folded != NULL;
    }
    if (point >= 0x300 && point <= 0x36f) /* combining marks */
        return true;
    /* dashes, quotation marks, dots; the euro */
    bool sign = (point >= 0x2010 && point <= 0x2027) || (point >= 0x2030 && point <= 0x205e) ||
                point == 0x20ac;
    if (sign)
        append_letter(out, start, ' ');
    return sign;
}

bool fold_append(struct buf *out, struct str text) {
    size_t start = out->len;
    while (text.len > 0) {
        uint32_t point = fold_next(&text);
        if (point == 0 || !append_point(out, start, point))
            return false;
    }
    if (out->len > start && out->data[out->len - 1] == ' ')
        out->len--;
    return buf_status(out) == STATUS_OK;
}
