#include "mock/api/response.h"

#include <assert.h>

#include "common/json/json_writer.h"
#include "mock/api/go_format.h"

enum { KEPT_BODY_BYTES = 2 * RESPONSE_CHUNK_BYTES };

void response_init(struct response *res, struct arena *arena, size_t max_body)
{
    *res = (struct response){ .body = buffer_capped(max_body), .arena = arena };
}

void response_close_stream(struct response *res)
{
    if (res->stream.next != NULL)
        res->stream.close(res->stream.ctx);
    res->stream = (struct response_stream){ 0 };
}

bool response_pull(struct response *res)
{
    struct response_stream *stream = &res->stream;

    buffer_clear(&res->body);
    res->wake_at_ns = INT64_MAX;
    if (!stream->ended && !stream->next(stream->ctx, &res->body, &stream->ended)) {
        stream->ended = true;
        stream->broken = true;
    }
    return stream->ended || res->body.len > 0;
}

bool response_must_wait(struct response *res)
{
    if (res->wait.again != NULL)
        return true;
    return res->stream.next != NULL && res->body.len == 0 && !response_pull(res);
}

void response_fini(struct response *res)
{
    assert(!res->waiting);
    response_close_stream(res);
    buffer_fini(&res->body);
}

void response_reset(struct response *res)
{
    const size_t max = res->body.max;

    assert(!res->waiting);
    response_close_stream(res);
    res->wait = (struct response_wait){ 0 };
    res->spoil = (struct response_spoil){ 0 };
    arena_reset(res->arena);
    buffer_clear(&res->body);
    if (res->body.capacity > KEPT_BODY_BYTES) {
        buffer_fini(&res->body);
        res->body = buffer_capped(max);
    }
    res->status = 0;
    res->content_type = NULL;
    res->header_count = 0;
    res->close = false;
    res->cause = NULL;
    res->request_id = NULL;
    res->place = NULL;
    res->number = 0;
    res->trace = (struct trace){ 0 };
    res->asked = (struct response_asked){ 0 };
    res->delivered = false;
    res->sent_bytes = 0;
}

static void start_over(struct response *res, int status)
{
    buffer_clear(&res->body);
    response_close_stream(res);
    res->content_type = NULL;
    res->status = status;
    res->header_count = 0;
}

void response_add_header(struct response *res, const char *name, const char *value)
{
    assert(res->header_count < RESPONSE_MAX_HEADERS);
    res->headers[res->header_count++] =
        (struct http_header){ .name = text_of(name), .value = text_of(value) };
}

/* What is told, and may not be JSON, is also kept as it is. */
static void note_error(struct response *res, const char *code, const char *message)
{
    res->trace.code = code;
    res->trace.message = arena_copy(res->arena, text_of(message));
}

void response_error(struct response *res, int status, const char *code, const char *message,
                    bool line_feed)
{
    start_over(res, status);
    note_error(res, code, message);
    res->content_type = "application/json";

    struct json_writer w = json_writer_to(&res->body, JSON_ESCAPE_HTML);
    json_write_object_begin(&w);
    json_member_string(&w, "code", text_of(code));
    json_member_string(&w, "message", text_of(message));
    json_write_object_end(&w);
    if (line_feed)
        buffer_append_byte(&res->body, '\n');
}

void response_pasted_error(struct response *res, int status, const char *code, const char *message)
{
    start_over(res, status);
    note_error(res, code, message);
    res->content_type = "application/json";
    buffer_appendf(&res->body, "{\"code\":\"%s\",\"message\":\"", code);
    go_format_nothing(text_of(message), &res->body);
    buffer_append_cstr(&res->body, "\"}");
}

void response_text(struct response *res, int status, const char *text)
{
    start_over(res, status);
    note_error(res, NULL, text);
    res->content_type = "text/plain; charset=utf-8";
    response_add_header(res, "X-Content-Type-Options", "nosniff");
    buffer_append_cstr(&res->body, text);
    buffer_append_byte(&res->body, '\n');
}

static const struct {
    int status;
    const char *text;    /* the real server's; says the same or less */
    const char *message; /* for a person */
} protocol_faults[] = {
    [PROTOCOL_BAD_TARGET] = { 400, "400 Bad Request", "malformed request target" },
    [PROTOCOL_BAD_HEADER] = { 400, "400 Bad Request", "malformed header name" },
    [PROTOCOL_NO_HOST] = { 400, "400 Bad Request: missing required Host header",
                           "missing required Host header" },
    [PROTOCOL_UNKNOWN_CODING] = { 501, "501 Not Implemented: unsupported transfer encoding",
                                  "unsupported transfer encoding" },
    [PROTOCOL_TWO_LENGTHS] = { 400, "400 Bad Request", "two different Content-Length headers" },
};
static_assert(ARRAY_LEN(protocol_faults) == PROTOCOL_FAULT_COUNT, "one row per fault");

void response_protocol_error(struct response *res, enum truth truth, enum protocol_fault fault)
{
    const int status = protocol_faults[fault].status;

    if (truth == TRUTH_SPEC) {
        response_error(res, status, http_reason(status), protocol_faults[fault].message, false);
    } else {
        start_over(res, status);
        note_error(res, NULL, protocol_faults[fault].text);
        res->content_type = "text/plain; charset=utf-8";
        buffer_append_cstr(&res->body, protocol_faults[fault].text);
    }
    res->close = true;
}

void response_empty(struct response *res, int status)
{
    start_over(res, status);
}

void response_check_size(struct response *res)
{
    if (!res->body.failed)
        return;
    res->cause = "the answer does not fit its buffer";
    response_error(res, 500, "internal_error", "failed to write the answer", true);
}
