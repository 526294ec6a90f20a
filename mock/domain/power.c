#include "mock/domain/power.h"

#include "mock/domain/bring_up.h"
#include "mock/domain/change.h"
#include "mock/domain/instance_edit.h"
#include "mock/domain/instance_hooks.h"
#include "mock/domain/instance_record.h"
#include "mock/domain/restart.h"
#include "mock/domain/transition.h"
#include "mock/domain/world_state.h"

/* The instance as stored, but for its restart_status: nothing else has happened to it, which is why
 * its history does not grow. `out` may be NULL. */
static bool keep_restart(const struct instance_edit *edit, struct restart_status status,
                         const struct instance **out, struct error *err)
{
    const struct instance *kept = edit->stored;
    if (!restart_status_equal(&status, &edit->stored->restart)) {
        struct instance next = *edit->stored;
        next.restart = status;
        kept = instance_new(&edit->world->env->mem, &next);
        struct change change = change_of(edit->world);
        change_instance(&change, edit->stored, kept);
        if (!change_commit(&change, err))
            return false;
    }
    if (out != NULL)
        *out = kept; /* the world keeps it alive */
    return true;
}

/* --- start -------------------------------------------------------------------------------- */

static const struct restart_status cleared = { 0 };

static bool boot(struct instance_edit *edit, struct error *err)
{
    if (edit->next.state != INSTANCE_STOPPED)
        return error_set(err, ERROR_INVALID_STATE,
                         "invalid state transition: cannot start from state %s, must be Stopped",
                         instance_state_name(edit->next.state));
    return bring_up_cold(edit->world, &edit->next, edit->now_ns, err);
}

static const struct text_list *chosen(const struct text_list *wish, const struct text_list *before)
{
    return wish->count > 0 ? wish : before;
}

bool instance_start(struct world *world, struct text id, const struct start_request *request,
                    const struct instance **out, struct error *err)
{
    bool overrides = request->entrypoint.count > 0 || request->cmd.count > 0;
    struct error refusal = { 0 };
    struct instance_config config;
    struct instance_edit edit;
    if (!instance_edit_begin(&edit, world, id, err))
        return false;
    if (instance_state_is_up(edit.next.state) && !overrides)
        return keep_restart(&edit, cleared, out, err);
    if (!boot(&edit, &refusal)) {
        if (keep_restart(&edit, cleared, NULL, err))
            *err = refusal;
        return false;
    }
    if (overrides) {
        config = *edit.next.config;
        config.refs = 0;
        config.entrypoint = *chosen(&request->entrypoint, &config.entrypoint);
        config.cmd = *chosen(&request->cmd, &config.cmd);
        edit.next.config = &config;
    }
    edit.next.restart = cleared;
    struct history_event event = { .kind = HISTORY_STARTED,
                                   .start = HISTORY_COLD_START,
                                   .until_ns = edit.next.running_at_ns };
    return instance_edit_commit(&edit, event, out, err);
}

/* --- stop --------------------------------------------------------------------------------- */

static struct restart_status blocked_by_stop(const struct instance *instance)
{
    if (instance->config->restart.kind == RESTART_NEVER)
        return instance->restart;
    return (struct restart_status){ .blocked = RESTART_MANUAL_STOP };
}

static bool shut_down(struct instance_edit *edit, const struct instance **out, struct error *err)
{
    struct instance_hooks room;
    if (!instance_hooks_pass(edit, TRANSITION_STOP, &room, err))
        return false;
    transition_stop(&edit->next, edit->now_ns);
    edit->next.restart = blocked_by_stop(&edit->next);
    struct history_event event = { .kind = HISTORY_STOPPED,
                                   .has_exit_code = edit->next.has_exit_code,
                                   .exit_code = edit->next.exit_code };
    return instance_edit_commit(edit, event, out, err);
}

bool instance_stop(struct world *world, struct text id, const struct instance **out,
                   struct error *err)
{
    struct instance_edit edit;
    if (!instance_edit_begin(&edit, world, id, err))
        return false;
    enum instance_state state = edit.next.state;
    if (instance_state_is_up(edit.next.state))
        return shut_down(&edit, out, err);
    if (state == INSTANCE_STOPPED)
        return keep_restart(&edit, blocked_by_stop(&edit.next), out, err);
    if (state == INSTANCE_STANDBY && !keep_restart(&edit, blocked_by_stop(&edit.next), NULL, err))
        return false;
    return error_set(err, ERROR_INVALID_STATE,
                     "invalid state transition: cannot stop from state %s, must be Running or "
                     "Initializing",
                     instance_state_name(state));
}
