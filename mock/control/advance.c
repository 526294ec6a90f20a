#include "mock/control/advance.h"

#include <stddef.h>

#include "mock/domain/instance_wait.h"
#include "mock/domain/instances.h"
#include "mock/domain/snapshots.h"

static int64_t earlier(int64_t a_ns, int64_t b_ns)
{
    return a_ns < b_ns ? a_ns : b_ns;
}

static int64_t next_boot_ns(const struct world *world, int64_t now_ns)
{
    const struct instance_filter all = { .by_state = false };
    struct instance_cursor cursor;
    int64_t next_ns = INT64_MAX;

    instance_cursor_open(&cursor, world, &all);
    for (const struct instance *instance = instance_cursor_next(&cursor); instance != NULL;
         instance = instance_cursor_next(&cursor))
        next_ns = earlier(next_ns, instance_next_state_ns(instance, now_ns));
    instance_cursor_close(&cursor);
    return next_ns;
}

static int64_t next_compression_ns(const struct world *world, int64_t now_ns)
{
    const struct snapshot_filter all = { .by_kind = false };
    struct snapshot_cursor cursor;
    int64_t next_ns = INT64_MAX;

    snapshot_cursor_open(&cursor, world, &all);
    for (const struct snapshot *snapshot = snapshot_cursor_next(&cursor); snapshot != NULL;
         snapshot = snapshot_cursor_next(&cursor)) {
        if (snapshot_is_compressing(snapshot, now_ns))
            next_ns = earlier(next_ns, snapshot->compressed_at_ns);
    }
    snapshot_cursor_close(&cursor);
    return next_ns;
}

int64_t advance_next_ns(const struct served_world *world)
{
    const int64_t now_ns = world_clock_now_ns(&world->clock);

    return earlier(api_due_ns(world->api), earlier(next_boot_ns(world->world, now_ns),
                                                   next_compression_ns(world->world, now_ns)));
}

/* Where an advance stops next, seen from now_ns. */
static int64_t next_stop_ns(const struct served_world *world, const struct instance *awaited,
                            int64_t now_ns)
{
    int64_t next_ns = api_due_ns(world->api);

    if (awaited != NULL)
        next_ns = earlier(next_ns, instance_next_state_ns(awaited, now_ns));
    /* What is overdue could not be done for lack of memory; it is tried again at the next stop. */
    return next_ns > now_ns ? next_ns : INT64_MAX;
}

enum advance_end advance_clock(struct served_world *world, int64_t at_ns,
                               const struct advance_goal *goal, void (*ready)(struct response *res))
{
    for (int moments = 0;; moments++) {
        const struct instance *awaited = NULL;

        api_turn(world->api, ready);
        const int64_t now_ns = world_clock_now_ns(&world->clock);
        if (goal != NULL) {
            awaited = instances_find(world->world, goal->instance_id);
            if (awaited == NULL)
                return ADVANCE_GONE;
            if (instance_view(awaited, now_ns).state == goal->state)
                return ADVANCE_ARRIVED;
        }
        if (now_ns >= at_ns)
            return goal == NULL ? ADVANCE_ARRIVED : ADVANCE_MISSED;
        if (moments == ADVANCE_MAX_MOMENTS)
            return ADVANCE_TOO_MUCH;
        const int64_t next_ns = next_stop_ns(world, awaited, now_ns);
        if (goal != NULL && next_ns > at_ns)
            return ADVANCE_MISSED;
        world_clock_move_to(&world->clock, earlier(next_ns, at_ns));
    }
}
