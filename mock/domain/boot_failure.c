#include "mock/domain/boot_failure.h"

#include "common/base/checked.h"
#include "mock/domain/guest_exit.h"
#include "mock/domain/instance_hooks.h"
#include "mock/domain/instance_record.h"
#include "mock/domain/world_state.h"

int64_t boot_failure_due_ns(const struct instance *instance)
{
    const bool fails = instance->state == INSTANCE_INITIALIZING && instance_boot_fails(instance);
    return fails ? i64_max(instance->running_at_ns, 1) : INT64_MAX; /* no rank is 0 */
}

static const struct instance *first(const struct world *world)
{
    struct cow_cursor cursor;
    cow_cursor_seek(&cursor, &world->instances.maps[INSTANCES_BY_BOOT_FAILURE],
                    (struct cow_key){ 0 });
    return cow_cursor_next(&cursor);
}

int64_t boot_failure_next_ns(const struct world *world)
{
    const struct instance *instance = first(world);
    return instance == NULL ? INT64_MAX : boot_failure_due_ns(instance);
}

bool boot_failure_commit(struct instance_edit *edit, struct error *err)
{
    enum { EXIT_STATUS = 1 };
    struct instance_hooks room;
    (void)!instance_hooks_use(&edit->next, TRANSITION_BOOT, &room);
    return guest_exit_commit(edit, EXIT_STATUS, NULL, err);
}

bool boot_failure_run(struct world *world)
{
    const int64_t now_ns = world_now_ns(world);
    while (boot_failure_next_ns(world) <= now_ns) {
        struct error no_memory = { 0 };
        struct instance_edit edit;
        if (!instance_edit_begin(&edit, world, first(world)->config->id, &no_memory) ||
            !boot_failure_commit(&edit, &no_memory))
            return false;
    }
    return true;
}
