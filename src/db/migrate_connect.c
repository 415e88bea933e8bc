/* The migration runner's connection, and what went wrong in words for a person. A connection
 * string's password is in none of them: libpq quotes the string in its own messages, so those are
 * told with the quoted parts left out. */
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "migrate_private.h"
#include "segreteria/db/migrate.h"

#define CONNECT_TIMEOUT_S "10"
#define PARAMETERS_MAX 80

/* On one line, without the line breaks libpq ends its messages with; `hide` what is between
 * quotation marks. */
static void append_line(struct buf *out, const char *text, bool hide) {
    struct str line = str_of(text);
    while (line.len > 0 && strchr(" \t\r\n", line.ptr[line.len - 1]) != NULL) {
        line.len--;
    }
    bool inside = false;
    for (size_t i = 0; i < line.len; i++) {
        char c = line.ptr[i];
        if (c == '"' && hide) {
            inside = !inside;
            buf_append_text(out, inside ? "\"..." : "\"");
        } else if (!inside) {
            buf_append_char(out, c == '\n' || c == '\t' || c == '\r' ? ' ' : c);
        }
    }
}

/* A password with an unescaped @ makes libpq take its end for a host name, which then stands in
 * every message. */
static bool has_two_ats(const char *conninfo) {
    const char *start = strstr(conninfo, "://");
    if (start == NULL || (strncmp(conninfo, "postgres://", 11) != 0 &&
                          strncmp(conninfo, "postgresql://", 13) != 0)) {
        return false;
    }
    start += 3;
    size_t authority = strcspn(start, "/?#");
    const char *at = memchr(start, '@', authority);
    return at != NULL && memchr(at + 1, '@', authority - (size_t)(at + 1 - start)) != NULL;
}

static enum status parse(const char *conninfo, PQconninfoOption **out, struct buf *error) {
    if (has_two_ats(conninfo)) {
        buf_append_text(
            error,
            "the data base's connection string has two @: write one that belongs to the user name "
            "or the password as %40");
        return STATUS_INVALID;
    }
    char *complaint = NULL;
    PQconninfoOption *parsed = PQconninfoParse(conninfo, &complaint);
    if (parsed == NULL) {
        buf_append_text(error, "the data base's connection string is not valid: ");
        append_line(error, complaint == NULL ? "out of memory" : complaint, true);
        enum status status = complaint == NULL ? STATUS_NO_MEMORY : STATUS_INVALID;
        PQfreemem(complaint);
        return status;
    }
    *out = parsed;
    return STATUS_OK;
}

enum status migrate_check_conninfo(const char *conninfo, struct buf *error) {
    PQconninfoOption *parsed = NULL;
    enum status status = parse(conninfo, &parsed, error);
    PQconninfoFree(parsed);
    return status;
}

struct parameters {
    const char *keywords[PARAMETERS_MAX + 1];
    const char *values[PARAMETERS_MAX + 1];
    size_t count;
};

static void parameters_add(struct parameters *parameters, const char *keyword, const char *value) {
    if (parameters->count < PARAMETERS_MAX) {
        parameters->keywords[parameters->count] = keyword;
        parameters->values[parameters->count++] = value;
    }
}

static const char *parameter_value(const struct parameters *parameters, const char *keyword) {
    for (size_t i = 0; i < parameters->count; i++) {
        if (strcmp(parameters->keywords[i], keyword) == 0) {
            return parameters->values[i];
        }
    }
    return NULL;
}

static void parameters_fill(struct parameters *parameters, const PQconninfoOption *parsed) {
    for (const PQconninfoOption *option = parsed; option->keyword != NULL; option++) {
        if (option->val != NULL) {
            parameters_add(parameters, option->keyword, option->val);
        }
    }
    if (parameter_value(parameters, "connect_timeout") == NULL) {
        parameters_add(parameters, "connect_timeout", CONNECT_TIMEOUT_S);
    }
    const char *host = parameter_value(parameters, "host");
    const char *address = parameter_value(parameters, "hostaddr");
    bool several = (host != NULL && strchr(host, ',') != NULL) ||
                   (address != NULL && strchr(address, ',') != NULL);
    if (several && parameter_value(parameters, "target_session_attrs") == NULL) {
        parameters_add(parameters, "target_session_attrs", "read-write");
    }
    parameters_add(parameters, "fallback_application_name", "segreteria migrate");
    parameters_add(parameters, "client_encoding", "UTF8"); /* the last one of a name counts */
}

static void ignore_notice(void *context, const PGresult *result) {
    (void)context;
    (void)result;
}

enum status migrate_connect(const char *conninfo, PGconn **out, struct buf *error) {
    PQconninfoOption *parsed = NULL;
    enum status status = parse(conninfo, &parsed, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct parameters parameters = {0};
    parameters_fill(&parameters, parsed);
    PGconn *connection = PQconnectdbParams(parameters.keywords, parameters.values, 0);
    PQconninfoFree(parsed);
    if (PQstatus(connection) != CONNECTION_OK) {
        buf_append_text(error, "cannot connect to the data base: ");
        append_line(error, connection == NULL ? "out of memory" : PQerrorMessage(connection),
                    false);
        PQfinish(connection);
        return STATUS_UNAVAILABLE;
    }
    PQsetNoticeReceiver(connection, ignore_notice, NULL);
    *out = connection;
    return STATUS_OK;
}

void migrate_append_result(const PGresult *result, const PGconn *connection, struct buf *error) {
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *context = PQresultErrorField(result, PG_DIAG_CONTEXT);
    if (message == NULL) {
        append_line(error, PQerrorMessage(connection), false);
        return;
    }
    append_line(error, message, false);
    if (state != NULL) {
        buf_printf(error, " (%s)", state);
    }
    if (context != NULL) {
        buf_append_text(error, ", ");
        append_line(error, context, false);
    }
}

void migrate_append_position(const PGresult *result, const char *sql, struct buf *error) {
    const char *position = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);
    uint64_t characters = 0;
    if (position == NULL || str_to_u64(str_of(position), UINT32_MAX, &characters) != STATUS_OK) {
        buf_append_text(error, ": ");
        return;
    }
    /* Counted in characters from 1; a line break is one in UTF-8 too, so bytes that continue a
     * character are skipped. */
    unsigned line = 1;
    for (uint64_t seen = 1; *sql != '\0' && seen < characters; sql++) {
        line += *sql == '\n' ? 1u : 0u;
        seen += ((unsigned char)sql[1] & 0xC0u) != 0x80u ? 1u : 0u;
    }
    buf_printf(error, " at line %u: ", line);
}
