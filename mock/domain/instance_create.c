#include "mock/domain/instance_create.h"

#include "common/base/checked.h"
#include "mock/domain/change.h"
#include "mock/domain/instance_check.h"
#include "mock/domain/instance_hooks.h"
#include "mock/domain/instance_record.h"
#include "mock/domain/transition.h"
#include "mock/domain/world_state.h"

/* A share of the host in proportion to the vCPUs (INST-DEF-005, INST-DEF-006). */
static int64_t cpu_share(const struct capacity *capacity, enum capacity_kind kind, int64_t vcpus)
{
    int64_t host_cpus = capacity->total[CAPACITY_CPU];
    int64_t scaled = 0;
    if (vcpus <= 0 || host_cpus <= 0)
        return 0;
    if (!i64_mul(vcpus, capacity->total[kind], &scaled))
        return INT64_MAX; /* refused by the limit on vCPUs in its turn */
    return scaled / host_cpus;
}

static void default_to(int64_t *value, int64_t otherwise)
{
    if (*value == 0)
        *value = otherwise;
}

static void fill_defaults(struct instance_config *config, const struct world_settings *settings)
{
    const struct capacity *capacity = &settings->capacity;
    int64_t link_share = cpu_share(capacity, CAPACITY_NETWORK, config->vcpus);

    if (config->hypervisor == HYPERVISOR_UNSET)
        config->hypervisor = settings->default_hypervisor;
    default_to(&config->size_bytes, INT64_C(1) << 30);
    default_to(&config->overlay_bytes, INT64_C(10) << 30);
    default_to(&config->disk_io_bps, cpu_share(capacity, CAPACITY_DISK_IO, config->vcpus));
    default_to(&config->network.bandwidth_download, link_share);
    default_to(&config->network.bandwidth_upload, link_share);
    /* Last: the shares above are those of the vCPUs asked for, none of 0 (INST-DEF-002). */
    default_to(&config->vcpus, 2);
}

/* Who is who: an id of its own, and the moment from which its policies are in force. */
static void found(struct instance_config *config, const struct resource_id *id, int64_t now_ns)
{
    config->refs = 0; /* the request's: to be copied */
    if (config->id.len == 0)
        config->id = resource_id_text(id);
    config->listed_volume_count = 0;
    config->auto_standby.since_ns = now_ns;
    config->health_check.since_ns = now_ns;
}

static int64_t expiry(const struct instance_draft *draft)
{
    int64_t at = 0;
    if (draft->request->ttl_ns <= 0)
        return draft->request->expires_at_ns;
    return i64_add(draft->now_ns, draft->request->ttl_ns, &at) ? at : INT64_MAX;
}

bool instance_create(struct world *world, const struct instance_request *request,
                     const struct instance **out, struct error *err)
{
    struct instance_draft draft = {
        .world = world,
        .request = request,
        .now_ns = world_now_ns(world),
        .config = request->config,
    };
    fill_defaults(&draft.config, &world->settings);
    if (!instance_check(&draft, err) || !world_check_room(world, err))
        return false;

    struct resource_id id = world_new_id(world);
    found(&draft.config, &id, draft.now_ns);
    struct instance instance = {
        .config = &draft.config,
        .created_at_ns = draft.now_ns,
        .expires_at_ns = expiry(&draft),
        .phases = phase_ledger_start(PHASE_CREATED, draft.now_ns),
        .address = draft.address,
    };
    struct instance_hooks hooks = { .refs = 0 };
    if (request->plan != NULL) {
        hooks.plan = *request->plan;
        instance.hooks = &hooks;
    }
    transition_boot(&instance, draft.now_ns, world->settings.boot_delay_ns);

    struct history_event event = { .kind = HISTORY_CREATED,
                                   .start = HISTORY_COLD_START,
                                   .at_ns = draft.now_ns,
                                   .until_ns = instance.running_at_ns };
    struct change change = change_of(world);
    const struct instance *created = instance_new_after(&world->env->mem, &instance, event);
    change_instance(&change, NULL, created);
    if (!change_commit(&change, err))
        return false;
    *out = created; /* the world keeps it alive */
    return true;
}
