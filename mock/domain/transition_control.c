#include "mock/domain/transition_control.h"

#include "mock/domain/boot_failure.h"
#include "mock/domain/instance_edit.h"
#include "mock/domain/instance_hooks.h"
#include "mock/domain/schedule_run.h"
#include "mock/domain/world_state.h"

/* --- looking ------------------------------------------------------------------------------ */

struct transition_wish transition_wish_of(const struct instance *instance,
                                          enum transition transition)
{
    return instance->hooks == NULL ? (struct transition_wish){ 0 }
                                   : instance->hooks->plan.of[transition];
}

bool transition_is_held(const struct instance *instance, enum transition transition)
{
    const struct transition_wish wish = transition_wish_of(instance, transition);
    return wish.held && wish.passes == 0;
}

bool transition_boot_is_held(const struct instance *instance)
{
    return instance->state == INSTANCE_INITIALIZING && instance->running_at_ns == INT64_MAX;
}

/* --- asking ------------------------------------------------------------------------------- */

/* What is asked for, on its way into the record. */
struct asking {
    struct instance_edit edit;
    struct instance_hooks hooks;
    struct transition_wish *wish; /* in hooks */
};

static bool begin(struct asking *asking, struct world *world, struct text id,
                  enum transition transition, struct error *err)
{
    if (!instance_edit_begin(&asking->edit, world, id, err))
        return false;
    asking->hooks = instance_hooks_of(&asking->edit.next);
    asking->wish = &asking->hooks.plan.of[transition];
    return true;
}

static bool commit(struct asking *asking, struct error *err)
{
    return instance_hooks_commit(&asking->edit, &asking->hooks, err);
}

/* The same, and the boot in progress ends then, also in the logs. */
static bool commit_boot(struct asking *asking, int64_t end_ns, struct error *err)
{
    const struct mem *mem = &asking->edit.world->env->mem;
    struct instance *next = &asking->edit.next;
    const struct history *history = history_end_boot(mem, next->history, end_ns);
    if (history == NULL)
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    next->history = history;
    next->running_at_ns = end_ns;
    const bool done = commit(asking, err);
    history_release(mem, history); /* the record has its own reference */
    return done;
}

static bool is_booting(const struct asking *asking)
{
    return asking->edit.next.state == INSTANCE_INITIALIZING;
}

static bool is_requested(enum transition transition)
{
    return transition == TRANSITION_STANDBY || transition == TRANSITION_RESTORE ||
           transition == TRANSITION_STOP;
}

static bool refuse_step(enum transition transition, struct error *err)
{
    return error_set(err, ERROR_INVALID_STATE, "no %s of the instance is held",
                     transition_name(transition));
}

bool transition_hold(struct world *world, struct text id, enum transition transition,
                     struct error *err)
{
    struct asking asking;
    if (!begin(&asking, world, id, transition, err))
        return false;
    asking.wish->held = true;
    if (transition == TRANSITION_BOOT && is_booting(&asking))
        return commit_boot(&asking, INT64_MAX, err);
    return commit(&asking, err);
}

/* A boot that goes on now and fails at the same moment. */
static bool fail_boot(struct asking *asking, struct error *err)
{
    asking->edit.next.hooks = &asking->hooks;
    return boot_failure_commit(&asking->edit, err);
}

/* The boot that is held goes on. */
static bool end_boot(struct asking *asking, struct error *err)
{
    return asking->wish->failure == TRANSITION_SUCCEEDS
               ? commit_boot(asking, asking->edit.now_ns, err)
               : fail_boot(asking, err);
}

bool transition_step(struct world *world, struct text id, enum transition transition,
                     struct error *err)
{
    struct asking asking;
    if (!begin(&asking, world, id, transition, err))
        return false;
    if (transition == TRANSITION_COMPRESSION)
        return error_set(err, ERROR_INVALID_STATE, "a compression goes on at its snapshot");
    if (transition == TRANSITION_BOOT)
        return transition_boot_is_held(&asking.edit.next) ? end_boot(&asking, err)
                                                          : refuse_step(transition, err);
    if (!asking.wish->held)
        return refuse_step(transition, err);
    if (transition == TRANSITION_SCHEDULE)
        return schedule_run_held(world, id, err);
    if (asking.wish->passes == UINT32_MAX)
        return true; /* more than anybody will ask for */
    asking.wish->passes++;
    return commit(&asking, err);
}

bool transition_release(struct world *world, struct text id, enum transition transition,
                        struct error *err)
{
    struct asking asking;
    if (!begin(&asking, world, id, transition, err))
        return false;
    *asking.wish = (struct transition_wish){ 0 };
    if (transition == TRANSITION_BOOT && transition_boot_is_held(&asking.edit.next))
        return commit_boot(&asking, asking.edit.now_ns, err);
    return commit(&asking, err);
}

bool transition_fail(struct world *world, struct text id, enum transition transition, bool always,
                     struct error *err)
{
    struct asking asking;
    struct error none = { 0 };
    if (!begin(&asking, world, id, transition, err))
        return false;
    asking.wish->failure = always ? TRANSITION_FAILS : TRANSITION_FAILS_ONCE;
    if (transition == TRANSITION_BOOT && is_booting(&asking))
        return fail_boot(&asking, err);
    if (is_requested(transition) && asking.wish->held && asking.wish->passes < UINT32_MAX)
        asking.wish->passes++; /* the one that waits goes on, so that it fails */
    if (!commit(&asking, err))
        return false;
    if (transition != TRANSITION_SCHEDULE || !asking.wish->held)
        return true;
    return schedule_run_held(world, id, &none) || none.code == ERROR_INVALID_STATE ||
           error_set(err, none.code, "%s", none.message);
}

bool transition_delay(struct world *world, struct text id, enum transition transition,
                      int64_t delay_ns, struct error *err)
{
    struct asking asking;
    if (!begin(&asking, world, id, transition, err))
        return false;
    if (transition != TRANSITION_BOOT && transition != TRANSITION_COMPRESSION)
        return error_set(err, ERROR_INVALID_STATE,
                         "only a boot and a compression take time of the world's clock");
    asking.wish->has_delay = true;
    asking.wish->delay_ns = delay_ns;
    return commit(&asking, err);
}
