#include "mock/domain/standby.h"

#include "mock/domain/bring_up.h"
#include "mock/domain/instance_edit.h"
#include "mock/domain/instance_hooks.h"
#include "mock/domain/transition.h"
#include "mock/domain/world_state.h"

static bool refuse(struct error *err, const char *operation, enum instance_state state)
{
    return error_set(err, ERROR_INVALID_STATE, "invalid state transition: cannot %s from state %s",
                     operation, instance_state_name(state));
}

bool instance_standby(struct world *world, struct text id, const struct standby_request *request,
                      const struct instance **out, struct error *err)
{
    bool has_options = request->compression.present || request->has_compression_delay;
    struct instance_hooks room;
    struct instance_edit edit;
    if (!compression_check(&request->compression, world->settings.quirks.judge_disabled_compression,
                           "compression", err))
        return false;
    if (request->delay_error != NULL)
        return error_set_field(err, request->delay_error->code, request->delay_error->field, "%s",
                               request->delay_error->message);
    if (!instance_edit_begin(&edit, world, id, err))
        return false;
    if (edit.next.state == INSTANCE_STANDBY && !has_options) {
        *out = edit.stored;
        return true;
    }
    if (edit.next.state != INSTANCE_RUNNING)
        return refuse(err, "standby", edit.next.state);
    if (!bring_up_can_standby(world, &edit.next, err) ||
        !instance_hooks_pass(&edit, TRANSITION_STANDBY, &room, err))
        return false;
    transition_standby(&edit.next, edit.now_ns);
    return instance_edit_commit(&edit, (struct history_event){ .kind = HISTORY_STANDBY }, out, err);
}

bool instance_restore(struct world *world, struct text id, const struct instance **out,
                      struct error *err)
{
    struct history_event event = { .kind = HISTORY_RESUMED, .start = HISTORY_RESUMED_START };
    struct instance_hooks room;
    struct instance_edit edit;
    if (!instance_edit_begin(&edit, world, id, err))
        return false;
    if (instance_state_is_up(edit.next.state)) {
        *out = edit.stored;
        return true;
    }
    if (edit.next.state != INSTANCE_STANDBY)
        return refuse(err, "restore", edit.next.state);
    if (!instance_hooks_pass(&edit, TRANSITION_RESTORE, &room, err))
        return false;
    edit.next.hold_until_ns = 0; /* as on any way up but those through a capture and back */
    return bring_up_resumed(world, &edit.next, edit.now_ns, err) &&
           instance_edit_commit(&edit, event, out, err);
}
