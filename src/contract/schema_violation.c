/* The list of violations, and the sentences that say them in English and Italian. A sentence
 * continues the name of the field: "title must be at most 160 characters".
 */
#include <stdio.h>

#include "schema_internal.h"

void violations_init(struct violations *violations, struct arena *arena) {
    *violations = (struct violations){.arena = arena, .max = VIOLATIONS_MAX};
}

/* A param is for a sentence; a client's own megabyte is none. */
#define PARAM_MAX 512

/* At most `max` bytes, not ending inside a character. */
static struct str cut(struct str s, size_t max) {
    if (s.len > max) {
        s.len = max;
        while (s.len > 0 && ((unsigned char)s.ptr[s.len] & 0xC0) == 0x80) {
            s.len--;
        }
    }
    return s;
}

/* Absent stays absent; false when the arena is exhausted. */
static bool copy(struct arena *arena, struct str s, struct str *out) {
    const char *text = str_is_none(s) ? NULL : arena_strdup(arena, s);
    *out = str_from(text, text == NULL ? 0 : s.len);
    return str_is_none(s) || text != NULL;
}

void violations_add(struct violations *violations, struct str pointer, const char *code,
                    struct str param0, struct str param1) {
    if (violations->count++ >= violations->max) {
        return;
    }
    struct violation *violation = arena_zalloc(violations->arena, sizeof *violation);
    if (violation == NULL || !copy(violations->arena, pointer, &violation->pointer) ||
        !copy(violations->arena, cut(param0, PARAM_MAX), &violation->params[0]) ||
        !copy(violations->arena, cut(param1, PARAM_MAX), &violation->params[1])) {
        return;
    }
    violation->code = code;
    if (violations->last == NULL) {
        violations->first = violation;
    } else {
        violations->last->next = violation;
    }
    violations->last = violation;
}

/* "%0" and "%1" are the params. `one` is used where params[0] is "1", `bare` where it is absent;
 * either may be NULL. */
struct sentence {
    const char *code;
    struct {
        const char *many, *one, *bare;
    } text[2]; /* en, it */
};

static const struct sentence sentences[] = {
    {"required", {{"is required", NULL, NULL}, {"è obbligatorio", NULL, NULL}}},
    {"type", {{"must be %t", NULL, NULL}, {"deve essere %t", NULL, NULL}}},
    {"enum",
     {{"must be one of: %0", NULL, "has no allowed value"},
      {"deve essere uno di: %0", NULL, "non ha valori ammessi"}}},
    {"const", {{"must be %0", NULL, NULL}, {"deve essere %0", NULL, NULL}}},
    {"min_length",
     {{"must be at least %0 characters", "must be at least 1 character", NULL},
      {"deve avere almeno %0 caratteri", "deve avere almeno 1 carattere", NULL}}},
    {"max_length",
     {{"must be at most %0 characters", "must be at most 1 character", NULL},
      {"deve avere al massimo %0 caratteri", "deve avere al massimo 1 carattere", NULL}}},
    {"pattern",
     {{"must match the pattern %0", NULL, NULL}, {"deve corrispondere al modello %0", NULL, NULL}}},
    {"format", {{"must be %f", NULL, NULL}, {"deve essere %f", NULL, NULL}}},
    {"minimum", {{"must be at least %0", NULL, NULL}, {"deve essere almeno %0", NULL, NULL}}},
    {"maximum", {{"must be at most %0", NULL, NULL}, {"deve essere al massimo %0", NULL, NULL}}},
    {"password_common",
     {{"is one of the most common passwords, or a simple pattern", NULL, NULL},
      {"è fra le password più comuni, o è uno schema semplice", NULL, NULL}}},
    {"password_context",
     {{"is little more than the e-mail address or the name of this service", NULL, NULL},
      {"è poco più dell'indirizzo e-mail o del nome di questo servizio", NULL, NULL}}},
    {"exclusive_minimum",
     {{"must be greater than %0", NULL, NULL}, {"deve essere maggiore di %0", NULL, NULL}}},
    {"exclusive_maximum",
     {{"must be less than %0", NULL, NULL}, {"deve essere minore di %0", NULL, NULL}}},
    {"multiple_of",
     {{"must be a multiple of %0", NULL, NULL}, {"deve essere un multiplo di %0", NULL, NULL}}},
    {"min_items",
     {{"must have at least %0 items", "must have at least 1 item", NULL},
      {"deve avere almeno %0 elementi", "deve avere almeno 1 elemento", NULL}}},
    {"max_items",
     {{"must have at most %0 items", "must have at most 1 item", NULL},
      {"deve avere al massimo %0 elementi", "deve avere al massimo 1 elemento", NULL}}},
    {"unique_items",
     {{"repeats item %0; items must differ", NULL, NULL},
      {"ripete l'elemento %0; gli elementi devono essere diversi", NULL, NULL}}},
    {"contains",
     {{"must contain at least %0 items of the required kind",
       "must contain an item of the required kind",
       "contains too many items of this kind (at most %1)"},
      {"deve contenere almeno %0 elementi del tipo richiesto",
       "deve contenere un elemento del tipo richiesto",
       "contiene troppi elementi di questo tipo (al massimo %1)"}}},
    {"min_properties",
     {{"must have at least %0 fields", "must have at least 1 field", NULL},
      {"deve avere almeno %0 campi", "deve avere almeno 1 campo", NULL}}},
    {"max_properties",
     {{"must have at most %0 fields", "must have at most 1 field", NULL},
      {"deve avere al massimo %0 campi", "deve avere al massimo 1 campo", NULL}}},
    {"unknown_field",
     {{"is not a known field", NULL, NULL}, {"non è un campo conosciuto", NULL, NULL}}},
    {"never_asked",
     {{"is neither asked for nor kept: it must not decide about anybody's work", NULL, NULL},
      {"non è richiesto e non viene conservato: non deve pesare sul lavoro di nessuno", NULL,
       NULL}}},
    {"dependent_required",
     {{"is required when %1 is given", NULL, NULL},
      {"è obbligatorio quando è indicato %1", NULL, NULL}}},
    {"any_of",
     {{"needs at least one of: %0", NULL, "fits none of the allowed forms"},
      {"richiede almeno uno di: %0", NULL, "non corrisponde a nessuna delle forme ammesse"}}},
    {"one_of",
     {{"needs exactly one of: %0", NULL, "must fit exactly one of the allowed forms"},
      {"richiede esattamente uno di: %0", NULL,
       "deve corrispondere a una sola delle forme ammesse"}}},
    {"not",
     {{"has a form that is not allowed", NULL, NULL}, {"ha una forma non ammessa", NULL, NULL}}},
    {"all_of",
     {{"must fit all required forms", NULL, NULL},
      {"deve corrispondere a tutte le forme richieste", NULL, NULL}}},
    {"false_schema", {{"is not allowed here", NULL, NULL}, {"non è ammesso qui", NULL, NULL}}},
    {"duplicate_key",
     {{"is given more than once", NULL, NULL}, {"è indicato più di una volta", NULL, NULL}}},
    {"invalid_json",
     {{"is not valid JSON (line %0, column %1)", NULL, "is not valid JSON"},
      {"non è JSON valido (riga %0, colonna %1)", NULL, "non è JSON valido"}}},
    {"nul_character",
     {{"must not hold the character NUL", NULL, NULL},
      {"non può contenere il carattere NUL", NULL, NULL}}},
    {"number_range",
     {{"must be a number that can be represented exactly (at most 2^53)", NULL, NULL},
      {"deve essere un numero rappresentabile esattamente (al massimo 2^53)", NULL, NULL}}},
    {"unknown_parameter",
     {{"is not a known parameter", NULL, NULL}, {"non è un parametro conosciuto", NULL, NULL}}},
    {"repeated_parameter",
     {{"must be given only once", NULL, NULL},
      {"deve essere indicato una sola volta", NULL, NULL}}},
    {"invalid_cursor",
     {{"was not made by this server for this list", NULL, NULL},
      {"non è stato creato da questo server per questo elenco", NULL, NULL}}},
    {"too_complex",
     {{"holds too many values", NULL, NULL}, {"contiene troppi valori", NULL, NULL}}},
    {"too_deep", {{"is nested too deep", NULL, NULL}, {"ha troppi livelli annidati", NULL, NULL}}},
    {"too_complex",
     {{"is too complex to be checked", NULL, NULL},
      {"è troppo complesso da controllare", NULL, NULL}}},
    {"encoding",
     {{"is not valid UTF-8 or has a malformed percent-encoding", NULL, NULL},
      {"non è UTF-8 valido o ha una codifica percentuale errata", NULL, NULL}}},
};

static const char *const type_texts[TYPE_COUNT][2] = {
    {"null", "null"},
    {"true or false", "true o false"},
    {"a whole number", "un numero intero"},
    {"a number", "un numero"},
    {"a string", "una stringa"},
    {"an array", "un array"},
    {"an object", "un oggetto"},
};

static void append_types(struct buf *out, struct str types, int lang) {
    struct str rest = types, part;
    bool first = true;
    while (str_split(&rest, ',', &part)) {
        buf_append_text(out, first ? "" : lang == 0 ? " or " : " o ");
        first = false;
        const char *text = NULL;
        for (size_t i = 0; i < TYPE_COUNT; i++) {
            if (str_eq(part, str_of(schema_type_names[i]))) {
                text = type_texts[i][lang];
            }
        }
        if (text == NULL) {
            buf_append(out, part);
        } else {
            buf_append_text(out, text);
        }
    }
}

static const char *const format_texts[][3] = {
    {"date", "a date such as 2026-11-23", "una data come 2026-11-23"},
    {"date-time", "a date and time such as 2026-11-23T15:00:00Z",
     "una data e ora come 2026-11-23T15:00:00Z"},
    {"time", "a time such as 15:00:00Z", "un orario come 15:00:00Z"},
    {"duration", "a duration such as P3D or PT30M", "una durata come P3D o PT30M"},
    {"email", "an e-mail address", "un indirizzo e-mail"},
    {"idn-email", "an e-mail address", "un indirizzo e-mail"},
    {"hostname", "a host name", "un nome di host"},
    {"ipv4", "an IPv4 address", "un indirizzo IPv4"},
    {"ipv6", "an IPv6 address", "un indirizzo IPv6"},
    {"cidr", "a network such as 192.0.2.0/24", "una rete come 192.0.2.0/24"},
    {"uri", "an absolute URI such as https://example.org/",
     "un URI assoluto come https://example.org/"},
    {"uri-reference", "a URI or a relative reference", "un URI o un riferimento relativo"},
    {"iri", "an absolute IRI such as https://example.org/",
     "un IRI assoluto come https://example.org/"},
    {"iri-reference", "an IRI or a relative reference", "un IRI o un riferimento relativo"},
    {"uri-template", "a URI template", "un modello di URI"},
    {"uuid", "a UUID", "un UUID"},
    {"regex", "a regular expression", "un'espressione regolare"},
    {"json-pointer", "a JSON Pointer", "un JSON Pointer"},
    {"relative-json-pointer", "a relative JSON Pointer", "un JSON Pointer relativo"},
    {"language-tag", "a language tag such as it or en-GB", "un codice di lingua come it o en-GB"},
    {"currency", "a currency code such as EUR", "un codice di valuta come EUR"},
    {"byte", "base64 text", "un testo in base64"},
    {"int32", "a whole number of 32 bits", "un numero intero di 32 bit"},
    {"int64", "a whole number of 64 bits", "un numero intero di 64 bit"},
};

static void append_format(struct buf *out, struct str format, int lang) {
    for (size_t i = 0; i < sizeof format_texts / sizeof *format_texts; i++) {
        if (str_eq(format, str_of(format_texts[i][0]))) {
            buf_append_text(out, format_texts[i][1 + lang]);
            return;
        }
    }
    buf_append(out, format);
}

static void append_sentence(struct buf *out, const char *text, const struct violation *violation,
                            int lang) {
    for (; *text != '\0'; text++) {
        if (*text != '%') {
            buf_append_char(out, *text);
            continue;
        }
        text++;
        if (*text == 't') {
            append_types(out, violation->params[0], lang);
        } else if (*text == 'f') {
            append_format(out, violation->params[0], lang);
        } else {
            buf_append(out, violation->params[*text == '1' ? 1 : 0]);
        }
    }
}

void violation_describe(const struct violation *violation, const char *lang, struct buf *out) {
    int index = lang != NULL && strcmp(lang, "it") == 0 ? 1 : 0;
    for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++) {
        if (strcmp(sentences[i].code, violation->code) != 0) {
            continue;
        }
        const char *text = sentences[i].text[index].many;
        if (sentences[i].text[index].one != NULL && str_eq(violation->params[0], STR("1"))) {
            text = sentences[i].text[index].one;
        } else if (sentences[i].text[index].bare != NULL && violation->params[0].len == 0) {
            text = sentences[i].text[index].bare;
        }
        append_sentence(out, text, violation, index);
        return;
    }
    buf_append_text(out, violation->code); /* a code without a sentence still says something */
}
