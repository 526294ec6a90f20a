#include "mock/domain/instance_hooks.h"

#include <string.h>

#include "mock/domain/record.h"
#include "mock/domain/world_state.h"

struct instance_hooks instance_hooks_of(const struct instance *instance)
{
    struct instance_hooks hooks = { 0 };
    if (instance->hooks != NULL)
        hooks = *instance->hooks;
    hooks.refs = 0;
    return hooks;
}

bool instance_hooks_commit(struct instance_edit *edit, const struct instance_hooks *hooks,
                           struct error *err)
{
    edit->next.hooks = hooks;
    return instance_edit_keep(edit, NULL, err);
}

const struct instance_hooks *instance_hooks_new(const struct mem *mem,
                                                const struct instance_hooks *from)
{
    struct instance_hooks *hooks = mem_alloc(mem, sizeof *hooks);
    if (hooks == NULL)
        return NULL;
    *hooks = *from;
    hooks->refs = 1;
    return hooks;
}

static bool is_wish(const struct transition_wish *wish)
{
    return wish->held || wish->passes > 0 || wish->failure != TRANSITION_SUCCEEDS ||
           wish->has_delay;
}

bool instance_hooks_are_empty(const struct instance_hooks *hooks)
{
    for (size_t i = 0; i < TRANSITION_COUNT; i++) {
        if (is_wish(&hooks->plan.of[i]))
            return false;
    }
    return hooks->connections == 0 && hooks->connected_at_ns == 0 && hooks->idle_since_ns == 0 &&
           hooks->probes_since_ns == 0 && !hooks->probes_fail;
}

void instance_hooks_retain(const struct instance_hooks *hooks)
{
    if (hooks != NULL)
        record_retain(&hooks->refs);
}

void instance_hooks_release(const struct mem *mem, const struct instance_hooks *hooks)
{
    if (hooks != NULL && record_release(&hooks->refs))
        mem_free(mem, record_memory(hooks));
}

void instance_hooks_use_pass(struct instance *edited, enum transition transition,
                             struct instance_hooks *room)
{
    if (edited->hooks == NULL || edited->hooks->plan.of[transition].passes == 0)
        return;
    *room = instance_hooks_of(edited);
    room->plan.of[transition].passes--;
    edited->hooks = room;
}

bool instance_hooks_use(struct instance *edited, enum transition transition,
                        struct instance_hooks *room)
{
    instance_hooks_use_pass(edited, transition, room);
    if (edited->hooks == NULL)
        return false;
    const enum transition_failure failure = edited->hooks->plan.of[transition].failure;
    if (failure == TRANSITION_FAILS_ONCE) {
        *room = instance_hooks_of(edited);
        room->plan.of[transition].failure = TRANSITION_SUCCEEDS;
        edited->hooks = room;
    }
    return failure != TRANSITION_SUCCEEDS;
}

bool instance_hooks_pass(struct instance_edit *edit, enum transition transition,
                         struct instance_hooks *room, struct error *err)
{
    if (!instance_hooks_use(&edit->next, transition, room))
        return true;
    const bool noted = edit->next.hooks != room || instance_edit_keep(edit, NULL, err);
    return noted && error_set_field(err, ERROR_INTERNAL, "transition",
                                    "%s failed: a test asked for it", transition_name(transition));
}
