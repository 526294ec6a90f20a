#include "mock/api/held_call.h"

#include "mock/api/operations.h"
#include "mock/domain/instances.h"
#include "mock/domain/transition_control.h"

#define IN(state) (UINT32_C(1) << (state))

/* The states in which a request begins it; in the others it is refused, or has nothing to do. */
static const struct held_operation {
    bool (*run)(struct call *call, struct error *err);
    enum transition transition;
    uint32_t from;
} held_operations[] = {
    { op_standby_instance, TRANSITION_STANDBY, IN(INSTANCE_RUNNING) },
    { op_restore_instance, TRANSITION_RESTORE, IN(INSTANCE_STANDBY) },
    { op_restore_instance_snapshot, TRANSITION_RESTORE, ~IN(INSTANCE_RUNNING) }, /* SNAP-R-023 */
    { op_stop_instance, TRANSITION_STOP, IN(INSTANCE_RUNNING) | IN(INSTANCE_INITIALIZING) },
};

bool held_call_must_wait(const struct call *call)
{
    if (call->instance == NULL || call->instance->hooks == NULL)
        return false;
    const struct instance_view view = instance_view(call->instance, world_now_ns(call->world));
    for (size_t i = 0; i < ARRAY_LEN(held_operations); i++) {
        const struct held_operation *operation = &held_operations[i];
        if (operation->run == call->route->run)
            return transition_is_held(call->instance, operation->transition) &&
                   (operation->from & IN(view.state)) != 0;
    }
    return false;
}

/* In the response's arena, as is all it points to. */
struct held_call {
    struct call call;
    struct http_request req;
    struct text instance_id;
    bool (*carry_out)(struct call *call);
};

/* struct response_wait. At the end of its world it is done as if it had never been held. */
static bool look_again(void *ctx, struct response *res, int64_t now_ns, bool last)
{
    struct held_call *held = ctx;

    (void)now_ns;
    held->call.instance = instances_find(held->call.world, held->instance_id);
    res->wake_at_ns = INT64_MAX; /* only a change lets it go on */
    if (held->call.instance == NULL) {
        (void)call_refuse(&held->call, 404, "not_found", "resource not found"); /* RESOLVE-001 */
        res->trace.refused = STEP_INSTANCE;
        return true;
    }
    if (!last && held_call_must_wait(&held->call))
        return false;
    if (!held->carry_out(&held->call))
        res->trace.refused = STEP_OPERATION;
    return true;
}

bool held_call_wait(struct call *call, bool (*carry_out)(struct call *call))
{
    const struct text id = call->instance->config->id;
    struct held_call *held = arena_alloc(call->arena, sizeof *held);
    const char *kept_id = arena_copy(call->arena, id);

    if (held == NULL || kept_id == NULL)
        return call_refuse_no_memory(call);
    *held = (struct held_call){ *call, *call->req, { kept_id, id.len }, carry_out };
    held->req.header_count = 0; /* they are the caller's, and have been looked at */
    held->call.req = &held->req;
    call->res->wait = (struct response_wait){ look_again, held };
    call->res->wake_at_ns = INT64_MAX;
    return true;
}
