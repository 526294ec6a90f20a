#include "mock/domain/instance_force.h"

#include "mock/domain/instance_edit.h"
#include "mock/domain/transition.h"
#include "mock/domain/world_state.h"

bool instance_force_state(struct world *world, struct text id, enum instance_state state,
                          const struct instance **out, struct error *err)
{
    struct instance_edit edit;
    if (!instance_edit_begin(&edit, world, id, err))
        return false;
    edit.next.state = state;
    edit.next.running_at_ns = 0;
    if (state == INSTANCE_INITIALIZING)
        edit.next.running_at_ns =
            transition_boot_end_ns(&edit.next, edit.now_ns, world->settings.boot_delay_ns);
    edit.next.state_error = instance_state_error(state);
    return instance_edit_commit(&edit, (struct history_event){ .kind = HISTORY_FORCED }, out, err);
}
