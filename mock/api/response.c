#include "mock/api/response.h"

#include <assert.h>

#include "common/json/json_writer.h"

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

void response_fini(struct response *res)
{
    response_close_stream(res);
    buffer_fini(&res->body);
}

void response_reset(struct response *res)
{
    const size_t max = res->body.max;

    response_close_stream(res);
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

void response_error(struct response *res, int status, const char *code, const char *message,
                    bool line_feed)
{
    start_over(res, status);
    res->content_type = "application/json";

    struct json_writer w = json_writer_to(&res->body, JSON_ESCAPE_HTML);
    json_write_object_begin(&w);
    json_member_string(&w, "code", text_of(code));
    json_member_string(&w, "message", text_of(message));
    json_write_object_end(&w);
    if (line_feed)
        buffer_append_byte(&res->body, '\n');
}

void response_text(struct response *res, int status, const char *text)
{
    start_over(res, status);
    res->content_type = "text/plain; charset=utf-8";
    response_add_header(res, "X-Content-Type-Options", "nosniff");
    buffer_append_cstr(&res->body, text);
    buffer_append_byte(&res->body, '\n');
}

void response_protocol_error(struct response *res, int status, const char *text)
{
    start_over(res, status);
    res->content_type = "text/plain; charset=utf-8";
    res->close = true;
    buffer_append_cstr(&res->body, text);
}

void response_empty(struct response *res, int status)
{
    start_over(res, status);
}
