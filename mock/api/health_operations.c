#include "mock/api/operations.h"

bool op_get_health(struct call *call, struct error *err)
{
    (void)err;
    call->res->status = 200;
    call->res->content_type = "application/json";
    buffer_append_cstr(&call->res->body, "{\"status\":\"ok\"}\n"); /* HEALTH-001 */
    return true;
}
