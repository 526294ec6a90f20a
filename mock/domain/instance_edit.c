#include "mock/domain/instance_edit.h"

#include "mock/domain/change.h"
#include "mock/domain/instance_record.h"
#include "mock/domain/instances.h"
#include "mock/domain/world_state.h"

bool instance_edit_begin(struct instance_edit *edit, struct world *world, struct text id,
                         struct error *err)
{
    const struct instance *stored = instances_find(world, id);
    if (stored == NULL)
        return error_set(err, ERROR_NOT_FOUND, "instance not found");
    *edit = (struct instance_edit){
        .world = world,
        .now_ns = world_now_ns(world),
        .stored = stored,
        .next = *stored,
    };
    instance_settle(&edit->next, edit->now_ns);
    return true;
}

/* next  consumed; NULL when it could not be made */
static bool put(const struct instance_edit *edit, const struct instance *next,
                const struct instance **out, struct error *err)
{
    struct change change = change_of(edit->world);
    change_instance(&change, edit->stored, next);
    if (!change_commit(&change, err))
        return false;
    if (out != NULL)
        *out = next; /* the world keeps it alive */
    return true;
}

bool instance_edit_commit(struct instance_edit *edit, struct history_event event,
                          const struct instance **out, struct error *err)
{
    event.at_ns = edit->now_ns;
    return put(edit, instance_new_after(&edit->world->env->mem, &edit->next, event), out, err);
}

bool instance_edit_keep(struct instance_edit *edit, const struct instance **out, struct error *err)
{
    return put(edit, instance_new(&edit->world->env->mem, &edit->next), out, err);
}
