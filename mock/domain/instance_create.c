#include "mock/domain/instance_create.h"

#include "common/base/checked.h"
#include "mock/domain/instance_check.h"
#include "mock/domain/instance_record.h"
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

static int64_t capped_sum(int64_t a, int64_t b)
{
    int64_t sum = 0;
    return i64_add(a, b, &sum) ? sum : INT64_MAX;
}

/* The virtual machine process is up at once, so no time is spent in the phase `created`. */
static struct instance booting(const struct instance_draft *draft, int64_t boot_delay_ns)
{
    const struct instance_request *request = draft->request;
    int64_t now = draft->now_ns;
    struct instance instance = {
        .state = INSTANCE_INITIALIZING,
        .config = &draft->config,
        .created_at_ns = now,
        .started_at_ns = now,
        .expires_at_ns =
            request->ttl_ns > 0 ? capped_sum(now, request->ttl_ns) : request->expires_at_ns,
        .running_at_ns = capped_sum(now, boot_delay_ns),
        .phases = phase_ledger_start(PHASE_INITIALIZING, now),
        .address = draft->address,
    };
    return instance;
}

static const struct instance *make_record(const struct mem *mem, const struct instance *plan)
{
    const struct instance_config *config = instance_config_new(mem, plan->config);
    if (config == NULL)
        return NULL;
    struct instance instance = *plan;
    instance.config = config;
    const struct instance *record = instance_new(mem, &instance);
    instance_config_release(mem, config); /* the record has its own reference */
    return record;
}

bool instance_create(struct world *world, const struct instance_request *request,
                     const struct instance **out, struct error *err)
{
    const struct mem *mem = &world->env->mem;
    struct instance_draft draft = {
        .world = world,
        .request = request,
        .now_ns = world_now_ns(world),
        .config = request->config,
    };
    fill_defaults(&draft.config, &world->settings);
    if (!instance_check(&draft, err))
        return false;

    struct resource_id id = world_new_id(world);
    draft.config.id = resource_id_text(&id);
    struct instance plan = booting(&draft, world->settings.boot_delay_ns);
    const struct instance *instance = make_record(mem, &plan);
    if (instance == NULL || !store_prepare_put(&world->instances, instance)) {
        instance_release(mem, instance);
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    }
    world_put_instance(world, instance);
    *out = instance; /* the world keeps it alive */
    instance_release(mem, instance);
    return true;
}
