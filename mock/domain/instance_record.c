#include "mock/domain/instance_record.h"

#include "mock/domain/instance_hooks.h"
#include "mock/domain/pack.h"
#include "mock/domain/record.h"
#include "mock/domain/restart.h"

static_assert(sizeof(struct instance) <= 208, "one per capture of a Running source: keep it small");

/* --- laying out a config (pack.h) -------------------------------------------------------- */

static const struct volume_attachment *
pack_volumes(struct pack *pack, const struct volume_attachment *from, size_t count)
{
    struct volume_attachment *to = PACK_ARRAY(pack, struct volume_attachment, count);
    for (size_t i = 0; i < count; i++) {
        struct volume_attachment volume = from[i];
        volume.volume_id = pack_text(pack, volume.volume_id);
        volume.mount_path = pack_text(pack, volume.mount_path);
        if (to != NULL)
            to[i] = volume;
    }
    return to;
}

static const struct credential_injection *
pack_injections(struct pack *pack, const struct credential_injection *from, size_t count)
{
    struct credential_injection *to = PACK_ARRAY(pack, struct credential_injection, count);
    for (size_t i = 0; i < count; i++) {
        struct credential_injection injection = from[i];
        injection.header = pack_text(pack, injection.header);
        injection.format = pack_text(pack, injection.format);
        injection.hosts = pack_text_list(pack, injection.hosts);
        if (to != NULL)
            to[i] = injection;
    }
    return to;
}

static const struct credential *pack_credentials(struct pack *pack, const struct credential *from,
                                                 size_t count)
{
    struct credential *to = PACK_ARRAY(pack, struct credential, count);
    for (size_t i = 0; i < count; i++) {
        struct credential credential = from[i];
        credential.name = pack_text(pack, credential.name);
        credential.source_env = pack_text(pack, credential.source_env);
        credential.inject = pack_injections(pack, credential.inject, credential.inject_count);
        if (to != NULL)
            to[i] = credential;
    }
    return to;
}

static void pack_auto_standby(struct pack *pack, struct auto_standby_policy *policy)
{
    const uint16_t *from = policy->ignore_destination_ports;
    uint16_t *to = PACK_ARRAY(pack, uint16_t, policy->ignore_destination_port_count);
    for (size_t i = 0; to != NULL && i < policy->ignore_destination_port_count; i++)
        to[i] = from[i];
    policy->ignore_destination_ports = to;
    policy->ignore_source_cidrs = pack_text_list(pack, policy->ignore_source_cidrs);
}

static void pack_health_check(struct pack *pack, struct health_check_policy *policy)
{
    policy->interval = pack_text(pack, policy->interval);
    policy->timeout = pack_text(pack, policy->timeout);
    policy->start_period = pack_text(pack, policy->start_period);
    policy->http_path = pack_text(pack, policy->http_path);
    policy->http_scheme = pack_text(pack, policy->http_scheme);
    policy->exec_command = pack_text_list(pack, policy->exec_command);
    policy->exec_working_dir = pack_text(pack, policy->exec_working_dir);
}

/* Everything `config` points to is laid out, and config points there instead. */
static void pack_contents(struct pack *pack, struct instance_config *config)
{
    config->id = pack_text(pack, config->id);
    config->name = pack_text(pack, config->name);
    config->image = pack_text(pack, config->image);
    config->platform = pack_text(pack, config->platform);
    config->gpu_profile = pack_text(pack, config->gpu_profile);
    config->tags = pack_pair_list(pack, config->tags);
    config->env = pack_pair_list(pack, config->env);
    config->entrypoint = pack_text_list(pack, config->entrypoint);
    config->cmd = pack_text_list(pack, config->cmd);
    config->devices = pack_text_list(pack, config->devices);
    config->volumes = pack_volumes(pack, config->volumes, config->volume_count);
    config->credentials = pack_credentials(pack, config->credentials, config->credential_count);
    pack_auto_standby(pack, &config->auto_standby);
    pack_health_check(pack, &config->health_check);
}

const struct instance_config *instance_config_new(const struct mem *mem,
                                                  const struct instance_config *from)
{
    struct pack pack = { .base = NULL, .used = sizeof *from };
    struct instance_config config = *from;
    pack_contents(&pack, &config);

    struct instance_config *stored = mem_alloc(mem, pack.used);
    if (stored == NULL)
        return NULL;
    pack = (struct pack){ .base = (char *)stored, .used = sizeof *from };
    config = *from;
    config.refs = 1;
    pack_contents(&pack, &config);
    *stored = config;
    return stored;
}

void instance_config_release(const struct mem *mem, const struct instance_config *config)
{
    if (config != NULL && record_release(&config->refs))
        mem_free(mem, record_memory(config));
}

/* --- records ----------------------------------------------------------------------------- */

/* Its own reference; of an edited copy a copy, and none of one that says nothing. */
static bool take_hooks(const struct mem *mem, struct instance *instance)
{
    const struct instance_hooks *hooks = instance->hooks;
    if (hooks == NULL || hooks->refs > 0) {
        instance_hooks_retain(hooks);
        return true;
    }
    const bool none = instance_hooks_are_empty(hooks);
    instance->hooks = none ? NULL : instance_hooks_new(mem, hooks);
    return none || instance->hooks != NULL;
}

const struct instance *instance_new(const struct mem *mem, const struct instance *from)
{
    struct instance *instance = mem_alloc(mem, sizeof *instance);
    if (instance == NULL)
        return NULL;
    *instance = *from;
    instance->refs = 1;
    if (!take_hooks(mem, instance)) {
        mem_free(mem, instance);
        return NULL;
    }
    record_retain(&instance->config->refs);
    history_retain(instance->history);
    return instance;
}

const struct instance *instance_new_after(const struct mem *mem, const struct instance *from,
                                          struct history_event event)
{
    const bool edited = from->config->refs == 0;
    struct instance next = *from;
    const struct instance *instance = NULL;
    if (edited)
        next.config = instance_config_new(mem, from->config);
    next.history = history_add(mem, from->history, event);
    if (next.config != NULL && next.history != NULL)
        instance = instance_new(mem, &next);
    history_release(mem, next.history); /* the record has its own references */
    if (edited)
        instance_config_release(mem, next.config);
    return instance;
}

void instance_retain(const struct instance *instance)
{
    record_retain(&instance->refs);
}

void instance_release(const struct mem *mem, const struct instance *instance)
{
    if (instance == NULL || !record_release(&instance->refs))
        return;
    instance_config_release(mem, instance->config);
    history_release(mem, instance->history);
    instance_hooks_release(mem, instance->hooks);
    mem_free(mem, record_memory(instance));
}

bool instance_boot_fails(const struct instance *instance)
{
    return instance->hooks != NULL &&
           instance->hooks->plan.of[TRANSITION_BOOT].failure != TRANSITION_SUCCEEDS;
}

static void settle_boot(struct instance *edited, int64_t now_ns)
{
    if (edited->state != INSTANCE_INITIALIZING || now_ns < edited->running_at_ns ||
        instance_boot_fails(edited))
        return;
    phase_ledger_enter(&edited->phases, PHASE_RUNNING, edited->running_at_ns);
    edited->state = INSTANCE_RUNNING;
    edited->running_at_ns = 0;
}

void instance_settle(struct instance *edited, int64_t now_ns)
{
    settle_boot(edited, now_ns);
    restart_settle(edited, now_ns);
}

int64_t instance_running_since_ns(const struct instance *instance)
{
    return instance->state == INSTANCE_INITIALIZING ? instance->running_at_ns
                                                    : instance->phases.since_ns;
}

/* Of rates, which a request can make overflow to below zero (INST-J-012). */
static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

struct capacity_use instance_capacity_use(const struct instance *instance)
{
    const struct instance_config *config = instance->config;
    const struct network_config *network = &config->network;

    if (!instance_state_has_vmm(instance->state))
        return (struct capacity_use){ 0 };
    return (struct capacity_use){
        .used = { [CAPACITY_CPU] = config->vcpus,
                  [CAPACITY_MEMORY] = config->size_bytes + config->hotplug_bytes,
                  [CAPACITY_DISK] = config->overlay_bytes,
                  [CAPACITY_NETWORK] =
                      larger(0, larger(network->bandwidth_download, network->bandwidth_upload)),
                  [CAPACITY_DISK_IO] = larger(0, config->disk_io_bps) },
        .gpu_slots = config->gpu_profile.len > 0 ? 1 : 0,
    };
}
