/* POST /v1/documents: one file, as the body itself (its name in ?name=) or as the one file of a
 * multipart/form-data body. It is encrypted and stored while it arrives.
 */
#include "generated/api_operations.h"
#include "segreteria/http/multipart.h"
#include "upload.h"

struct creation {
    struct api_call *call;
    struct upload *upload;
    struct multipart *form; /* NULL: the body is the file */
    bool begun, in_file;    /* of a form: the file's part was seen, is being read */
    bool ended;             /* all of the body was read */
    bool refused;           /* by us; the upload says itself when it did */
};

static void end(struct creation *creation);

static void on_room(struct upload *upload) {
    struct creation *creation = upload_call(upload)->state;
    if (creation->ended)
        end(creation);
    else
        http_request_resume_body(creation->call->request);
}

/* The same key gives the same answer again for the same bytes. */
static void on_sealed(struct upload *upload) {
    struct api_call *call = upload_call(upload);
    const struct upload_result *result = upload_result(upload);
    enum status status = STATUS_NO_MEMORY;
    if (idempotency_prepare_for(call,
                                str_from((const char *)result->sha256, sizeof result->sha256)))
        status = upload_finish(upload, api_reply_row);
    if (status != STATUS_OK)
        api_fail(call, status);
}

static size_t refuse_form(struct creation *creation, size_t offered) {
    creation->refused = true;
    api_problem(creation->call, "malformed_form");
    return offered;
}

static bool is_over(const struct creation *creation) {
    return creation->refused || upload_failed(creation->upload);
}

static bool begin(struct creation *creation, struct str name) {
    enum status status = upload_begin(creation->upload, name);
    if (status == STATUS_OK)
        return true;
    creation->refused = true;
    api_fail(creation->call, status);
    return false;
}

/* Fields beside the file are passed over. */
static size_t take_form(struct creation *creation, struct str chunk) {
    struct str input = chunk, data;
    while (!is_over(creation)) {
        size_t room = creation->begun ? upload_room(creation->upload) : chunk.len;
        if (room == 0 || input.len == 0)
            return chunk.len - input.len;
        struct str piece = str_from(input.ptr, input.len < room ? input.len : room);
        size_t offered = piece.len;
        enum multipart_event event = multipart_next(creation->form, &piece, &data);
        input = str_from(input.ptr + (offered - piece.len), input.len - (offered - piece.len));
        if (event == MULTIPART_PART && creation->form->has_filename) {
            if (creation->begun)
                return refuse_form(creation, chunk.len);
            creation->begun = creation->in_file = true;
            (void)begin(creation, str_of(creation->form->filename));
        } else if (event == MULTIPART_DATA && creation->in_file) {
            upload_take(creation->upload, data);
        } else if (event == MULTIPART_PART_END) {
            creation->in_file = false;
        } else if (event == MULTIPART_MALFORMED) {
            return refuse_form(creation, chunk.len);
        }
    }
    return chunk.len;
}

static size_t take_raw(struct creation *creation, struct str chunk) {
    size_t taken = 0;
    while (!is_over(creation) && taken < chunk.len) {
        size_t room = upload_room(creation->upload);
        if (room == 0)
            return taken;
        if (room > chunk.len - taken)
            room = chunk.len - taken;
        upload_take(creation->upload, str_from(chunk.ptr + taken, room));
        taken += room;
    }
    return chunk.len;
}

/* An upload under way is waited for, whatever the answer will be. */
static void end(struct creation *creation) {
    creation->ended = true;
    if (is_over(creation) || upload_busy(creation->upload))
        return;
    if (creation->form != NULL && (!creation->begun || !multipart_is_complete(creation->form)))
        (void)refuse_form(creation, 0);
    else
        upload_end(creation->upload);
}

static size_t on_chunk(struct api_call *call, struct str chunk, bool last) {
    struct creation *creation = call->state;
    if (last) {
        end(creation);
        return 0;
    }
    return creation->form != NULL ? take_form(creation, chunk) : take_raw(creation, chunk);
}

static enum status open_form(struct creation *creation) {
    struct api_call *call = creation->call;
    struct str type = http_request_header(call->request, STR("Content-Type"));
    if (!str_eq_nocase(str_trim(str_from(type.ptr, str_find(type, ';'))),
                       STR("multipart/form-data")))
        return STATUS_OK;
    creation->form = arena_alloc(call->arena, sizeof *creation->form);
    if (creation->form == NULL)
        return STATUS_NO_MEMORY;
    if (multipart_init(creation->form, type) != STATUS_OK)
        (void)refuse_form(creation, 0);
    return STATUS_OK;
}

enum status api_documents_create(struct api_call *call) {
    static const struct upload_events events = {.on_room = on_room, .on_sealed = on_sealed};
    struct creation *creation = arena_zalloc(call->arena, sizeof *creation);
    if (creation == NULL)
        return STATUS_NO_MEMORY;
    creation->call = call;
    creation->upload = upload_create(call, &events);
    enum status status = creation->upload == NULL ? STATUS_NO_MEMORY : open_form(creation);
    if (status != STATUS_OK || creation->refused)
        return status;
    call->state = creation;
    call->on_chunk = on_chunk;
    if (creation->form == NULL && !begin(creation, api_parameter(call, "name")))
        return STATUS_OK;
    http_request_stream_body(call->request);
    return STATUS_OK;
}
