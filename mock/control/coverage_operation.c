/* GET /_mock/coverage: what of the API the clients of a world have exercised. */
#include "mock/control/control_call.h"

static bool wants_text(const struct http_request *req)
{
    return text_starts_with(http_find_header(req->headers, req->header_count, "Accept"),
                            TEXT("text/plain"));
}

bool op_get_coverage(struct control_call *call, struct error *err)
{
    struct response *res = call->res;
    const bool text = wants_text(call->req);

    res->status = 200;
    res->content_type = text ? "text/plain; charset=utf-8" : "application/json";
    (text ? coverage_write_text : coverage_write_json)(&call->world->coverage, &res->body);
    return !res->body.failed || error_set(err, ERROR_NO_MEMORY, "out of memory");
}
