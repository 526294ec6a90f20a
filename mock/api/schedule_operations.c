#include "mock/api/operations.h"
#include "mock/api/schedule_codec.h"
#include "mock/domain/schedules.h"

static struct text instance_id(const struct call *call)
{
    return call->instance->config->id;
}

static void answer_schedule(struct call *call, const struct schedule *schedule)
{
    struct json_writer w = json_writer_to(&call->res->body, JSON_ESCAPE_HTML);

    call->res->status = 200;
    call->res->content_type = "application/json";
    schedule_encode(&w, schedule);
    buffer_append_byte(&call->res->body, '\n');
}

bool op_get_snapshot_schedule(struct call *call, struct error *err)
{
    const struct schedule *schedule;

    if (!schedules_get(call->world, instance_id(call), &schedule, err))
        return false;
    answer_schedule(call, schedule);
    return true;
}

bool op_set_snapshot_schedule(struct call *call, struct error *err)
{
    struct schedule_settings settings;
    const struct schedule *schedule;

    if (!schedule_settings_decode(&call->body, call->arena, &settings, err) ||
        !schedules_set(call->world, instance_id(call), &settings, &schedule, err))
        return false;
    answer_schedule(call, schedule);
    return true;
}

bool op_delete_snapshot_schedule(struct call *call, struct error *err)
{
    if (!schedules_delete(call->world, instance_id(call), err))
        return false;
    response_empty(call->res, 204);
    return true;
}
