/* What happens in a world by itself, in order of time. */
#include <assert.h>

#include "common/base/checked.h"
#include "mock/domain/auto_standby.h"
#include "mock/domain/boot_failure.h"
#include "mock/domain/expiry.h"
#include "mock/domain/restart.h"
#include "mock/domain/schedule_run.h"
#include "mock/domain/world_state.h"

struct event_source {
    /* When it is due next; INT64_MAX for never. */
    int64_t (*next_ns)(const struct world *world);
    /* Does all that is due at the world's moment, so that next_ns is later. False when memory lacks
     * for some of it. */
    bool (*run)(struct world *world);
};

/* In this order where several are due at one moment. */
static const struct event_source sources[] = {
    { boot_failure_next_ns, boot_failure_run }, { expiry_next_ns, expiry_sweep },
    { schedule_run_next_ns, schedule_run_due }, { auto_standby_next_ns, auto_standby_run },
    { restart_next_ns, restart_run },
};

static const struct event_source *next_source(const struct world *world, int64_t *at_ns)
{
    const struct event_source *next = NULL;
    *at_ns = INT64_MAX;
    for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
        int64_t due_ns = sources[i].next_ns(world);
        if (due_ns < *at_ns) {
            *at_ns = due_ns;
            next = &sources[i];
        }
    }
    return next;
}

int64_t world_tick_ns(const struct world *world, int64_t at_ns)
{
    const int64_t minute_ns = 60 * NS_PER_SEC;
    if (at_ns <= world->started_ns)
        return world->started_ns;
    const int64_t past_tick_ns = (at_ns - world->started_ns) % minute_ns;
    return past_tick_ns == 0 ? at_ns : i64_add_capped(at_ns, minute_ns - past_tick_ns);
}

int64_t world_next_event_ns(const struct world *world)
{
    int64_t at_ns = 0;
    (void)next_source(world, &at_ns);
    return at_ns;
}

/* What memory lacked for when it was due may find that its source has changed meanwhile. It happens
 * after that then, so that histories and phases stay in order of time. */
static int64_t moment_of(const struct world *world, int64_t due_ns)
{
    return due_ns > world->changed_ns ? due_ns : world->changed_ns;
}

void world_advance(struct world *world)
{
    int64_t now_ns = world_now_ns(world);
    int64_t at_ns = 0;
    for (;;) {
        const struct event_source *source = next_source(world, &at_ns);
        if (source == NULL || at_ns > now_ns)
            return;
        world->moment_ns = moment_of(world, at_ns);
        bool done = source->run(world);
        world->moment_ns = 0;
        if (!done)
            return;
        assert(source->next_ns(world) > at_ns);
    }
}
