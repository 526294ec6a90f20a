#include "mock/api/auto_standby_codec.h"
#include "mock/api/operations.h"
#include "mock/domain/auto_standby.h"

static bool answer(struct call *call, const struct auto_standby_view *view)
{
    struct json_writer w = json_writer_to(&call->res->body, JSON_ESCAPE_HTML);

    call->res->status = 200;
    call->res->content_type = "application/json";
    auto_standby_view_encode(&w, view);
    buffer_append_byte(&call->res->body, '\n');
    return true;
}

bool op_get_auto_standby_status(struct call *call, struct error *err)
{
    (void)err;
    const struct auto_standby_view view = auto_standby_view(
        call->instance, world_settings(call->world)->host, world_now_ns(call->world));
    return answer(call, &view);
}

bool op_hold_auto_standby(struct call *call, struct error *err)
{
    struct auto_standby_view view;

    return auto_standby_hold(call->world, call->instance->config->id, &view, err) &&
           answer(call, &view);
}
