#include "mock/domain/power.h"

#include "mock/domain/bring_up.h"
#include "mock/domain/instance_edit.h"
#include "mock/domain/transition.h"
#include "mock/domain/world_state.h"

static bool is_up(const struct instance *instance)
{
    return instance->state == INSTANCE_RUNNING || instance->state == INSTANCE_INITIALIZING;
}

/* What a call does to restart_status stays, whatever else comes of it. */
static bool keep_restart(struct instance_edit *edit, struct restart_status status,
                         struct error *err)
{
    const struct restart_status *now = &edit->stored->restart;
    if (status.attempts == now->attempts && status.blocked == now->blocked &&
        status.last_attempt_at_ns == now->last_attempt_at_ns &&
        status.next_attempt_at_ns == now->next_attempt_at_ns)
        return true;
    struct instance settled = *edit->stored;
    edit->next = settled; /* nothing else: not even what time did */
    edit->next.restart = status;
    return instance_edit_commit(edit, (struct history_event){ .kind = HISTORY_UPDATED },
                                &edit->stored, err);
}

static const struct text_list *chosen(const struct text_list *wish, const struct text_list *before)
{
    return wish->count > 0 ? wish : before;
}

static bool start(struct instance_edit *edit, const struct start_request *request,
                  const struct instance **out, struct error *err)
{
    bool overrides = request->entrypoint.count > 0 || request->cmd.count > 0;
    struct instance_config config = *edit->next.config;

    if (is_up(&edit->next) && !overrides) {
        *out = edit->stored;
        return true;
    }
    if (edit->next.state != INSTANCE_STOPPED)
        return error_set(err, ERROR_INVALID_STATE,
                         "invalid state transition: cannot start from state %s, must be Stopped",
                         instance_state_name(edit->next.state));
    if (!bring_up_cold(edit->world, &edit->next, edit->now_ns, err))
        return false;
    if (overrides) {
        config.refs = 0;
        config.entrypoint = *chosen(&request->entrypoint, &config.entrypoint);
        config.cmd = *chosen(&request->cmd, &config.cmd);
        edit->next.config = &config;
    }
    struct history_event event = { .kind = HISTORY_STARTED,
                                   .start = HISTORY_COLD_START,
                                   .until_ns = edit->next.running_at_ns };
    return instance_edit_commit(edit, event, out, err);
}

bool instance_start(struct world *world, struct text id, const struct start_request *request,
                    const struct instance **out, struct error *err)
{
    struct instance_edit edit;
    if (!instance_edit_begin(&edit, world, id, err) ||
        !keep_restart(&edit, (struct restart_status){ 0 }, err) ||
        !instance_edit_begin(&edit, world, edit.stored->config->id, err))
        return false;
    return start(&edit, request, out, err);
}

static struct restart_status blocked_by_stop(const struct instance *instance)
{
    if (instance->config->restart.kind == RESTART_NEVER)
        return instance->restart;
    return (struct restart_status){ .blocked = RESTART_MANUAL_STOP };
}

bool instance_stop(struct world *world, struct text id, const struct instance **out,
                   struct error *err)
{
    struct instance_edit edit;
    if (!instance_edit_begin(&edit, world, id, err))
        return false;
    struct restart_status blocked = blocked_by_stop(&edit.next);
    if (is_up(&edit.next)) {
        transition_stop(&edit.next, edit.now_ns);
        edit.next.restart = blocked;
        struct history_event event = { .kind = HISTORY_STOPPED,
                                       .has_exit_code = edit.next.has_exit_code,
                                       .exit_code = edit.next.exit_code };
        return instance_edit_commit(&edit, event, out, err);
    }
    enum instance_state state = edit.next.state;
    if (state == INSTANCE_STOPPED || state == INSTANCE_STANDBY) {
        if (!keep_restart(&edit, blocked, err))
            return false;
    }
    if (state == INSTANCE_STOPPED) {
        *out = edit.stored;
        return true;
    }
    return error_set(err, ERROR_INVALID_STATE,
                     "invalid state transition: cannot stop from state %s, must be Running or "
                     "Initializing",
                     instance_state_name(state));
}
