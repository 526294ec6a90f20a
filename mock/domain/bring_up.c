#include "mock/domain/bring_up.h"

#include "mock/domain/image.h"
#include "mock/domain/instance_record.h"
#include "mock/domain/instances.h"
#include "mock/domain/transition.h"
#include "mock/domain/world_state.h"

/* Whatever the stored version of it takes becomes free in exchange. */
static bool check_capacity(const struct world *world, const struct instance *edited,
                           struct error *err)
{
    const struct instance *stored = instances_find(world, edited->config->id);
    struct instance up = { .state = INSTANCE_INITIALIZING, .config = edited->config };
    struct capacity_use wanted = instance_capacity_use(&up);
    struct capacity_use used = world->used;
    if (stored != NULL) {
        struct capacity_use own = instance_capacity_use(stored);
        capacity_use_subtract(&used, &own);
    }
    return capacity_check(&world->settings.capacity, &used, &wanted, err);
}

/* Only instances that hold an address stand in the way of a name (INST-N-002, INST-N-003). */
static bool check_name(const struct world *world, const struct instance_config *config,
                       struct error *err)
{
    struct cow_cursor at;
    cow_cursor_seek(&at, &world->instances.maps[INSTANCES_BY_NAME],
                    (struct cow_key){ .major = config->name });
    for (;;) {
        const struct instance *other = cow_cursor_next(&at);
        if (other == NULL || !text_equal(other->config->name, config->name))
            return true;
        if (network_has_address(&other->address) && !text_equal(other->config->id, config->id))
            return error_set_field(err, ERROR_ALREADY_EXISTS, "name",
                                   "allocate network: instance name already exists: instance name "
                                   "'" TEXT_FMT "' already exists, can't assign into same network: "
                                   "default",
                                   TEXT_ARGS(config->name));
    }
}

bool bring_up_address(const struct world *world, const struct instance_config *config,
                      struct network_address *out, struct error *err)
{
    if (!config->network.enabled)
        return true;
    if (!check_name(world, config, err))
        return false;
    if (!address_pool_pick(&world->addresses, &world->instances.maps[INSTANCES_BY_IP], out))
        return error_set_field(err, ERROR_INTERNAL, "network", "no address left in the network");
    return true;
}

bool bring_up_cold(const struct world *world, struct instance *edited, int64_t now_ns,
                   struct error *err)
{
    if (!check_capacity(world, edited, err) ||
        !image_check_present(world, edited->config->image, err) ||
        !bring_up_address(world, edited->config, &edited->address, err))
        return false;
    transition_boot(edited, now_ns, world->settings.boot_delay_ns);
    return true;
}

bool bring_up_resumed(const struct world *world, struct instance *edited, int64_t now_ns,
                      struct error *err)
{
    if (!image_check_present(world, edited->config->image, err) ||
        !check_capacity(world, edited, err))
        return false;
    if (!network_has_address(&edited->address) &&
        !bring_up_address(world, edited->config, &edited->address, err))
        return false;
    transition_resume(edited, now_ns);
    return true;
}

bool bring_up_can_standby(const struct world *world, const struct instance *instance,
                          struct error *err)
{
    enum hypervisor hypervisor = instance->config->hypervisor;
    if (instance->config->gpu_profile.len > 0)
        return error_set(err, ERROR_INVALID_STATE,
                         "invalid state transition: standby is not supported for instances with "
                         "vGPU attached (driver limitation)");
    if (!hypervisor_can_standby(hypervisor, world->settings.host))
        return error_set_field(err, ERROR_NOT_SUPPORTED, "hypervisor",
                               "operation not supported: hypervisor %s has no standby on this host",
                               hypervisor_name(hypervisor));
    return true;
}
