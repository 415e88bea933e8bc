/* GET /v1/applications/{application_id}/interviews/{interview_id}: as JSON, or as an iCalendar
 * object, for both sides. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"
#include "segreteria/mail/calendar.h"

static bool wants_calendar(const struct api_call *call) {
    const struct operation *operation = call->operation;
    int type = http_negotiate_type(http_request_header_list(call->request, STR("Accept")),
                                   operation->responses_types, operation->responses_types_count);
    return type >= 0 && str_eq(operation->responses_types[type], STR("text/calendar"));
}

static void reply_calendar(struct api_call *call, struct str meeting) {
    json_t *json = json_loadb(meeting.ptr, meeting.len, 0, NULL);
    struct buf out;
    buf_init(&out, CALENDAR_MAX);
    enum status status = calendar_write(json, STR_NONE, STR_NONE, &out);
    char *copy = status == STATUS_OK ? arena_strdup(call->arena, buf_str(&out)) : NULL;
    struct str body = copy == NULL ? STR_NONE : str_from(copy, out.len);
    json_decref(json);
    buf_deinit(&out);
    if (copy == NULL)
        api_fail(call, status == STATUS_OK ? STATUS_NO_MEMORY : STATUS_INTERNAL);
    else
        api_reply_text(call, 200, "text/calendar; charset=utf-8", body);
}

static void on_row(struct api_call *call, const struct db_result *result) {
    struct str calendar = db_result_get(result, "out_calendar");
    if (!str_is_none(calendar) && wants_calendar(call))
        reply_calendar(call, calendar);
    else
        api_reply_row(call, result);
}

enum status api_interviews_get(struct api_call *call) {
    return api_submit_then(call, &stmt_interviews_get, on_row);
}
