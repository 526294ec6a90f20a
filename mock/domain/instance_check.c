#include "mock/domain/instance_check.h"

#include <inttypes.h>

#include "common/base/checked.h"
#include "mock/domain/bring_up.h"
#include "mock/domain/credentials.h"
#include "mock/domain/image.h"
#include "mock/domain/instance_record.h"
#include "mock/domain/size_text.h"
#include "mock/domain/tags.h"
#include "mock/domain/volumes.h"
#include "mock/domain/world_state.h"

/* Faults of the request that the real server reports as its own; the texts are ours, since it hides
 * its own. */
static bool refuse_internal(struct error *err, const char *field, const char *message)
{
    return error_set_field(err, ERROR_INTERNAL, field, "%s", message);
}

/* What the edge found wrong with a member, in the member's turn. */
static bool report_found(const struct error *found, struct error *err)
{
    return found == NULL || error_set_field(err, found->code, found->field, "%s", found->message);
}

static bool check_snapshot_policy(struct instance_draft *draft, struct error *err)
{
    const struct snapshot_policy *policy = &draft->config.snapshot;
    return !policy->present ||
           (compression_check(&policy->compression,
                              draft->world->settings.quirks.judge_disabled_compression,
                              "snapshot_policy", err) &&
            report_found(draft->request->snapshot_policy_error, err));
}

static bool check_image_given(struct instance_draft *draft, struct error *err)
{
    if (draft->config.image.len == 0)
        return refuse_internal(err, "image", "image is empty");
    return true;
}

static bool check_not_negative(struct instance_draft *draft, struct error *err)
{
    const struct instance_config *asked = &draft->request->config;
    const struct {
        const char *field;
        int64_t value;
    } numbers[] = {
        { "size", asked->size_bytes },
        { "hotplug_size", asked->hotplug_bytes },
        { "overlay_size", asked->overlay_bytes },
        { "vcpus", asked->vcpus },
    };
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        if (numbers[i].value < 0)
            return error_set_field(err, ERROR_INTERNAL, numbers[i].field, "%s is negative",
                                   numbers[i].field);
    }
    return true;
}

static bool check_egress(struct instance_draft *draft, struct error *err)
{
    const struct network_config *network = &draft->config.network;
    if (network->egress_enabled && !network->enabled)
        return error_set_field(err, ERROR_INVALID_ARGUMENT, "network.egress",
                               "invalid request: network.egress requires network.enabled=true");
    return true;
}

static bool check_credentials(struct instance_draft *draft, struct error *err)
{
    return credentials_check(&draft->world->env->mem, &draft->config, err);
}

static bool check_tags(struct instance_draft *draft, struct error *err)
{
    return tags_check_keys(draft->config.tags, err);
}

static bool check_auto_standby(struct instance_draft *draft, struct error *err)
{
    return report_found(draft->request->auto_standby_error, err);
}

bool instance_check_health(const struct instance_config *config, struct error *err)
{
    enum health_check_type type = config->health_check.type;
    if (!config->health_check.present)
        return true;
    if ((type == HEALTH_CHECK_HTTP || type == HEALTH_CHECK_TCP) && !config->network.enabled)
        return error_set_field(err, ERROR_INVALID_ARGUMENT, "health_check",
                               "invalid request: %s health checks require network.enabled=true",
                               health_check_type_name(type));
    if (type == HEALTH_CHECK_EXEC && config->skip_guest_agent)
        return error_set_field(
            err, ERROR_INVALID_ARGUMENT, "health_check",
            "invalid request: exec health checks require skip_guest_agent=false");
    return true;
}

static bool check_health_check(struct instance_draft *draft, struct error *err)
{
    return instance_check_health(&draft->config, err);
}

static bool check_volumes(struct instance_draft *draft, struct error *err)
{
    return volumes_check_rules(&draft->world->env->mem, draft->config.volumes,
                               draft->config.volume_count, err);
}

static bool check_gpu_host(struct instance_draft *draft, struct error *err)
{
    if (draft->config.gpu_profile.len > 0 && draft->world->settings.host.os == HOST_DARWIN)
        return error_set_field(err, ERROR_INVALID_ARGUMENT, "gpu",
                               "invalid request: vGPU (mdev) is not supported on macOS");
    return true;
}

static bool check_expires_at(struct instance_draft *draft, struct error *err)
{
    if (draft->request->has_expires_at && draft->request->expires_at_ns <= draft->now_ns)
        return error_set_field(err, ERROR_INVALID_ARGUMENT, "expires_at",
                               "invalid expires_at: must be in the future");
    return true;
}

struct device_plan instance_device_plan(const struct instance_config *config)
{
    enum { OWN_DISKS = 3 }; /* root file system, overlay, config */
    return (struct device_plan){
        .hotplug_bytes = config->hotplug_bytes,
        .has_pci_devices = config->devices.count > 0 || config->gpu_profile.len > 0,
        .disks = OWN_DISKS + volumes_disk_count(config->volumes, config->volume_count),
        .has_network = config->network.enabled,
    };
}

static bool check_device_plan(struct instance_draft *draft, struct error *err)
{
    struct device_plan plan = instance_device_plan(&draft->config);
    return hypervisor_check_devices(draft->config.hypervisor, &plan, err);
}

static bool check_image(struct instance_draft *draft, struct error *err)
{
    struct instance_config *config = &draft->config;
    return image_resolve(draft->world, config->image, config->platform, &config->platform, err);
}

static bool check_hypervisor(struct instance_draft *draft, struct error *err)
{
    if (!hypervisor_runs_on(draft->config.hypervisor, draft->world->settings.host))
        return refuse_internal(err, "hypervisor", "hypervisor not available on this host");
    return true;
}

static bool check_limits(struct instance_draft *draft, struct error *err)
{
    const struct instance_limits *limits = &draft->world->settings.limits;
    const struct instance_config *config = &draft->config;
    int64_t memory = 0;

    if (config->overlay_bytes > limits->max_overlay_bytes)
        return error_set_field(err, ERROR_INTERNAL, "overlay_size",
                               "overlay_size exceeds the limit of %s",
                               size_text(limits->max_overlay_bytes).text);
    if (config->vcpus > limits->max_vcpus)
        return error_set_field(err, ERROR_INTERNAL, "vcpus", "vcpus exceed the limit of %" PRId64,
                               limits->max_vcpus);
    if (!i64_add(config->size_bytes, config->hotplug_bytes, &memory) ||
        memory > limits->max_memory_bytes)
        return error_set_field(err, ERROR_INTERNAL, "size",
                               "size and hotplug_size exceed the limit of %s",
                               size_text(limits->max_memory_bytes).text);
    return true;
}

static bool check_capacity(struct instance_draft *draft, struct error *err)
{
    struct instance booted = { .state = INSTANCE_INITIALIZING, .config = &draft->config };
    struct capacity_use wanted = instance_capacity_use(&booted);
    return capacity_check(&draft->world->settings.capacity, &draft->world->used, &wanted, err);
}

static bool check_devices(struct instance_draft *draft, struct error *err)
{
    if (draft->config.devices.count > 0)
        return error_set_field(err, ERROR_NOT_FOUND, "devices", "device not found");
    return true;
}

static bool pick_address(struct instance_draft *draft, struct error *err)
{
    return bring_up_address(draft->world, &draft->config, &draft->address, err);
}

static bool check_attachable(struct instance_draft *draft, struct error *err)
{
    return volumes_check_attachable(draft->world, &draft->config, err);
}

/* Rows of instances.md 7.1; where two rows share a number there, ours keep the order of 7.2. */
static bool (*const checks[])(struct instance_draft *, struct error *) = {
    check_snapshot_policy, /* 10 */
    check_image_given,     /* 11 */
    check_not_negative,    /* 12 */
    check_egress,          /* 13 */
    check_credentials,     /* 14 */
    check_tags,            /* 15 */
    check_auto_standby,    /* 16 */
    check_health_check,    /* 17 */
    check_volumes,         /* 18 */
    check_gpu_host,        /* INST-C-087: between 18 and 19 */
    check_expires_at,      /* NEW-052: between 18 and 19    */
    check_device_plan,     /* 19 */
    check_image,           /* 20, 21 */
    check_hypervisor,      /* 22 */
    check_limits,          /* 24 */
    check_capacity,        /* 25 */
    check_devices,         /* 27 */
    pick_address,          /* 28 */
    check_attachable,      /* 29 */
};

bool instance_check(struct instance_draft *draft, struct error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
        if (!checks[i](draft, err))
            return false;
    }
    return true;
}
