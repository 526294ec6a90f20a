/* What changes an instance that exists, and what is made of one. */
#include "mock/api/answer.h"
#include "mock/api/instance_codec.h"
#include "mock/api/operations.h"
#include "mock/api/policy_codec.h"
#include "mock/domain/instance_fork.h"
#include "mock/domain/instance_update.h"
#include "mock/domain/instance_volumes.h"
#include "mock/domain/power.h"
#include "mock/domain/snapshot_fork.h"
#include "mock/domain/snapshot_restore.h"
#include "mock/domain/standby.h"

static struct text instance_id(const struct call *call)
{
    return call->instance->config->id;
}

bool op_update_instance(struct call *call, struct error *err)
{
    struct update_request_decoded decoded;
    const struct instance *updated;

    if (!update_request_decode(&call->body, call->arena, &decoded, err) ||
        !instance_update(call->world, instance_id(call), &decoded.request, &updated, err))
        return false;
    answer_instance(call, 200, updated);
    return true;
}

bool op_standby_instance(struct call *call, struct error *err)
{
    const struct body_value *delay = body_find(&call->body, "compression_delay");
    struct error delay_error = { 0 };
    struct standby_request request = {
        .compression = compression_decode(body_find(&call->body, "compression")),
        .has_compression_delay = delay != NULL,
    };
    const struct instance *instance;

    if (!compression_delay_decode(delay, &delay_error))
        request.delay_error = &delay_error;
    if (!instance_standby(call->world, instance_id(call), &request, &instance, err))
        return false;
    answer_instance(call, 200, instance);
    return true;
}

bool op_restore_instance(struct call *call, struct error *err)
{
    const struct instance *instance;

    if (!instance_restore(call->world, instance_id(call), &instance, err))
        return false;
    answer_instance(call, 200, instance);
    return true;
}

bool op_stop_instance(struct call *call, struct error *err)
{
    const struct instance *instance;

    if (!instance_stop(call->world, instance_id(call), &instance, err))
        return false;
    answer_instance(call, 200, instance);
    return true;
}

bool op_start_instance(struct call *call, struct error *err)
{
    struct start_request request;
    const struct instance *instance;

    if (!decode_texts(body_find(&call->body, "entrypoint"), call->arena, &request.entrypoint,
                      err) ||
        !decode_texts(body_find(&call->body, "cmd"), call->arena, &request.cmd, err) ||
        !instance_start(call->world, instance_id(call), &request, &instance, err))
        return false;
    answer_instance(call, 200, instance);
    return true;
}

bool op_fork_instance(struct call *call, struct error *err)
{
    struct fork_request request = {
        .name = body_text(&call->body, "name", NULL),
        .from_running = body_bool(&call->body, "from_running", false),
    };
    const struct instance *forked;

    request.has_target =
        instance_state_parse(body_text(&call->body, "target_state", NULL), &request.target);
    if (!instance_fork(call->world, instance_id(call), &request, &forked, err))
        return false;
    answer_instance(call, 201, forked);
    return true;
}

static struct snapshot_target decode_target(const struct body_value *body)
{
    struct snapshot_target target = { .hypervisor = HYPERVISOR_UNSET };

    target.has_state = instance_state_parse(body_text(body, "target_state", NULL), &target.state);
    (void)!hypervisor_parse(body_text(body, "target_hypervisor", NULL), &target.hypervisor);
    return target;
}

bool op_restore_instance_snapshot(struct call *call, struct error *err)
{
    const struct snapshot_target target = decode_target(&call->body);
    const struct instance *restored;

    if (!snapshot_restore(call->world, instance_id(call), call->params[1].value, &target, &restored,
                          err))
        return false;
    trace_set(&call->res->trace.snapshot, call->params[1].value);
    answer_instance(call, 200, restored);
    return true;
}

bool op_fork_snapshot(struct call *call, struct error *err)
{
    const struct snapshot_target target = decode_target(&call->body);
    const struct instance *forked;

    if (!snapshot_fork(call->world, call->params[0].value, body_text(&call->body, "name", NULL),
                       &target, &forked, err))
        return false;
    trace_set(&call->res->trace.snapshot, call->params[0].value);
    answer_instance(call, 201, forked);
    return true;
}

/* What the real server says to both, whatever is asked (INST-VOL-003, INST-VOL-004). */
static bool answer_not_implemented(struct call *call, const char *message)
{
    response_error(call->res, 500, "not_implemented", message, true);
    return true;
}

bool op_attach_volume(struct call *call, struct error *err)
{
    const struct volume_attachment volume = {
        .volume_id = call->params[1].value,
        .mount_path = body_text(&call->body, "mount_path", NULL),
        .readonly = body_bool(&call->body, "readonly", false),
    };
    const struct instance *instance;

    if (call->truth == TRUTH_SERVER)
        return answer_not_implemented(call, "volume attachment not yet implemented");
    if (!instance_attach_volume(call->world, instance_id(call), &volume, &instance, err))
        return false;
    answer_instance(call, 200, instance);
    return true;
}

bool op_detach_volume(struct call *call, struct error *err)
{
    const struct instance *instance;

    if (call->truth == TRUTH_SERVER)
        return answer_not_implemented(call, "volume detachment not yet implemented");
    if (!instance_detach_volume(call->world, instance_id(call), call->params[1].value, &instance,
                                err))
        return false;
    answer_instance(call, 200, instance);
    return true;
}
