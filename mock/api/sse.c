#include "mock/api/sse.h"

#include "common/json/json_writer.h"

void sse_begin(struct response *res)
{
    res->status = 200;
    res->content_type = "text/event-stream";
    response_add_header(res, "Cache-Control", "no-cache");
    response_add_header(res, "Connection", "keep-alive");
    response_add_header(res, "X-Accel-Buffering", "no");
}

void sse_append_string(struct buffer *out, struct text value)
{
    buffer_append_cstr(out, "data: ");
    json_append_string(out, value, JSON_ESCAPE_HTML);
    buffer_append_cstr(out, "\n\n");
}
