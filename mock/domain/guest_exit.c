#include "mock/domain/guest_exit.h"

#include "mock/domain/restart.h"
#include "mock/domain/transition.h"

bool guest_exit_commit(struct instance_edit *edit, int32_t exit_code, const struct instance **out,
                       struct error *err)
{
    const struct history_event event = { .kind = HISTORY_EXITED,
                                         .has_exit_code = true,
                                         .exit_code = exit_code };
    transition_exit(&edit->next, exit_code);
    restart_plan(&edit->next, world_settings(edit->world), edit->now_ns);
    return instance_edit_commit(edit, event, out, err);
}

bool instance_guest_exit(struct world *world, struct text id, int32_t exit_code,
                         const struct instance **out, struct error *err)
{
    struct instance_edit edit;
    if (!instance_edit_begin(&edit, world, id, err))
        return false;
    if (!instance_state_is_up(edit.next.state))
        return error_set(err, ERROR_INVALID_STATE, "no guest is running: the instance is %s",
                         instance_state_name(edit.next.state));
    return guest_exit_commit(&edit, exit_code, out, err);
}
