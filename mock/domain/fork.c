#include "mock/domain/fork.h"

#include "mock/domain/instance_record.h"
#include "mock/domain/target_state.h"
#include "mock/domain/world_state.h"

struct fork fork_begin(const struct world *world, const struct instance *source, struct text name)
{
    int64_t now_ns = world_now_ns(world);
    struct fork fork = {
        .id = world_new_id(world),
        .config = *source->config,
        .instance = { .state = source->state, .created_at_ns = now_ns, .phases = source->phases },
    };
    fork.config.refs = 0;
    fork.config.name = name;
    fork.config.auto_standby.since_ns = now_ns;
    fork.config.health_check.since_ns = now_ns;
    fork.config.listed_volume_count = fork.config.volume_count; /* INST-FK-006 */
    return fork;
}

void fork_bind(struct fork *fork)
{
    fork->config.id = resource_id_text(&fork->id);
    fork->instance.config = &fork->config;
}

bool fork_check_name(const struct world *world, struct text name, struct error *err)
{
    struct cow_cursor at;
    cow_cursor_seek(&at, &world->instances.maps[INSTANCES_BY_NAME],
                    (struct cow_key){ .major = name });
    const struct instance *holder = cow_cursor_next(&at);
    if (holder == NULL || !text_equal(holder->config->name, name))
        return true;
    return error_set_field(err, ERROR_ALREADY_EXISTS, "name",
                           "instance already exists: instance name '" TEXT_FMT "' already exists",
                           TEXT_ARGS(name));
}

const struct instance *fork_new(const struct mem *mem, const struct fork *fork, struct text origin,
                                int64_t now_ns)
{
    struct history_event event = target_event(HISTORY_FORKED, &fork->instance, origin);
    event.at_ns = now_ns;
    return instance_new_after(mem, &fork->instance, event);
}
