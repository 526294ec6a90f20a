#include "mock/state/shapes.h"

#include <assert.h>

#include "common/base/checked.h"
#include "mock/domain/resource_id.h"
#include "mock/domain/tags.h"

/* --- the words of the tables ------------------------------------------------------------- */

#define AT(type, member) .offset = offsetof(type, member), .size = sizeof(((type *)0)->member)

#define BOOL(type, member, label)                                                                  \
    {                                                                                              \
        .name = (label), .kind = FIELD_BOOL, AT(type, member)                                      \
    }
#define INT(type, member, label, low, high)                                                        \
    {                                                                                              \
        .name = (label), .kind = FIELD_INT, AT(type, member), .min = (low), .max = (high)          \
    }
#define PLACE(type, member, label)                                                                 \
    {                                                                                              \
        .name = (label), .kind = FIELD_INT, .required = true, AT(type, member), .min = 1,          \
        .max = AMOUNT_MAX                                                                          \
    }
#define TIME(type, member, label)                                                                  \
    {                                                                                              \
        .name = (label), .kind = FIELD_TIME, AT(type, member)                                      \
    }
#define SPAN(type, member, label)                                                                  \
    {                                                                                              \
        .name = (label), .kind = FIELD_SPAN, AT(type, member)                                      \
    }
#define ENUM(type, member, label, names, count)                                                    \
    {                                                                                              \
        .name = (label), .kind = FIELD_ENUM, AT(type, member), .name_of = (names),                 \
        .max = (count)-1                                                                           \
    }
#define ENUM_ALWAYS(type, member, label, names, count)                                             \
    {                                                                                              \
        .name = (label), .kind = FIELD_ENUM, .required = true, AT(type, member),                   \
        .name_of = (names), .max = (count)-1                                                       \
    }
#define STRING(type, member, label)                                                                \
    {                                                                                              \
        .name = (label), .kind = FIELD_TEXT, AT(type, member), .max = TEXT_MAX                     \
    }
#define STRING_ALWAYS(type, member, label)                                                         \
    {                                                                                              \
        .name = (label), .kind = FIELD_TEXT, .required = true, AT(type, member), .max = TEXT_MAX   \
    }
#define TEXTS(type, member, label)                                                                 \
    {                                                                                              \
        .name = (label), .kind = FIELD_TEXTS, AT(type, member)                                     \
    }
#define PAIRS_OF(type, member, label, most)                                                        \
    {                                                                                              \
        .name = (label), .kind = FIELD_PAIRS, AT(type, member), .max = (most)                      \
    }
#define ID(type, member, label)                                                                    \
    {                                                                                              \
        .name = (label), .kind = FIELD_ID, AT(type, member)                                        \
    }
#define ADDRESS(type, member, label)                                                               \
    {                                                                                              \
        .name = (label), .kind = FIELD_ADDRESS, AT(type, member)                                   \
    }
#define OBJECT(type, member, label, of)                                                            \
    {                                                                                              \
        .name = (label), .kind = FIELD_OBJECT, AT(type, member), .shape = &(of)                    \
    }
#define LIST(type, member, counter, label, of)                                                     \
    {                                                                                              \
        .name = (label), .kind = FIELD_LIST, AT(type, member),                                     \
        .count_offset = offsetof(type, counter), .shape = &(of)                                    \
    }
#define PORTS(type, member, counter, label)                                                        \
    {                                                                                              \
        .name = (label), .kind = FIELD_PORTS, AT(type, member),                                    \
        .count_offset = offsetof(type, counter)                                                    \
    }

#define SHAPE(rows, type, judge)                                                                   \
    {                                                                                              \
        .fields = (rows), .field_count = ARRAY_LEN(rows), .size = sizeof(type), .check = (judge)   \
    }

/* Sums of them stay within 64 bits. */
#define AMOUNT_MAX (INT64_C(1) << 53)
enum { TEXT_MAX = 1 << 23, PAIRS_MAX = 1 << 20, SCHEDULE_PREFIX_MAX = 47 };

#define NAMES(function, type)                                                                      \
    static const char *function##_of(int64_t value)                                                \
    {                                                                                              \
        return function((enum type)value);                                                         \
    }

NAMES(hypervisor_name, hypervisor)
NAMES(host_os_name, host_os)
NAMES(host_arch_name, host_arch)
NAMES(compression_algorithm_name, compression_algorithm)
NAMES(compression_state_name, compression_state)
NAMES(snapshot_kind_name, snapshot_kind)
NAMES(instance_state_name, instance_state)
NAMES(phase_name, instance_phase)
NAMES(egress_mode_name, egress_mode)
NAMES(health_check_type_name, health_check_type)
NAMES(health_status_name, health_status)
NAMES(restart_policy_kind_name, restart_policy_kind)
NAMES(restart_block_name, restart_block)
NAMES(restart_reason_name, restart_reason)
NAMES(image_condition_name, image_condition)
NAMES(history_kind_name, history_kind)
NAMES(history_start_name, history_start)
NAMES(transition_failure_name, transition_failure)

/* --- settings ---------------------------------------------------------------------------- */

#define OF struct capacity
static const struct field capacity_fields[] = {
    INT(OF, total[CAPACITY_CPU], "cpu", 0, AMOUNT_MAX),
    INT(OF, total[CAPACITY_MEMORY], "memory_bytes", 0, AMOUNT_MAX),
    INT(OF, total[CAPACITY_DISK], "disk_bytes", 0, AMOUNT_MAX),
    INT(OF, total[CAPACITY_NETWORK], "network_bps", 0, AMOUNT_MAX),
    INT(OF, total[CAPACITY_DISK_IO], "disk_io_bps", 0, AMOUNT_MAX),
    INT(OF, oversub_permille[CAPACITY_CPU], "cpu_oversub_permille", 0, AMOUNT_MAX),
    INT(OF, oversub_permille[CAPACITY_MEMORY], "memory_oversub_permille", 0, AMOUNT_MAX),
    INT(OF, oversub_permille[CAPACITY_DISK], "disk_oversub_permille", 0, AMOUNT_MAX),
    INT(OF, oversub_permille[CAPACITY_NETWORK], "network_oversub_permille", 0, AMOUNT_MAX),
    INT(OF, oversub_permille[CAPACITY_DISK_IO], "disk_io_oversub_permille", 0, AMOUNT_MAX),
    INT(OF, gpu_slots, "gpu_slots", 0, AMOUNT_MAX),
};
#undef OF
static const struct shape capacity_shape = SHAPE(capacity_fields, struct capacity, NULL);

#define OF struct compression_choice
static const struct field choice_fields[] = {
    BOOL(OF, present, "present"),
    BOOL(OF, enabled, "enabled"),
    ENUM(OF, algorithm, "algorithm", compression_algorithm_name_of, COMPRESSION_ALGORITHM_COUNT),
    INT(OF, level, "level", COMPRESSION_LEVEL_UNSET, 19),
};
#undef OF

static bool check_choice(const void *value, const struct json_at *at, struct error *err)
{
    struct error cause = { 0 };
    return compression_check(value, true, "compression", &cause) ||
           json_complain(at, err, "is no compression: %s", cause.message);
}

static const struct shape choice_shape =
    SHAPE(choice_fields, struct compression_choice, check_choice);

#define OF struct world_settings
static const struct field settings_fields[] = {
    ENUM_ALWAYS(OF, default_hypervisor, "default_hypervisor", hypervisor_name_of, HYPERVISOR_COUNT),
    SPAN(OF, boot_delay_ns, "boot_delay"),
    SPAN(OF, compression_delay_ns, "compression_delay"),
    ENUM_ALWAYS(OF, host.os, "host_os", host_os_name_of, HOST_OS_COUNT),
    ENUM_ALWAYS(OF, host.arch, "host_arch", host_arch_name_of, HOST_ARCH_COUNT),
    OBJECT(OF, capacity, "capacity", capacity_shape),
    INT(OF, limits.max_overlay_bytes, "max_overlay_bytes", 0, AMOUNT_MAX),
    INT(OF, limits.max_vcpus, "max_vcpus", 0, AMOUNT_MAX),
    INT(OF, limits.max_memory_bytes, "max_memory_bytes", 0, AMOUNT_MAX),
    OBJECT(OF, compression_default, "compression_default", choice_shape),
};
#undef OF
static const struct shape settings_shape = SHAPE(settings_fields, struct world_settings, NULL);

#define OF struct state_world
static const struct field world_fields[] = {
    TIME(OF, outside.now_ns, "now"),
    BOOL(OF, outside.has_random, "has_random"),
    INT(OF, random, "random", INT64_MIN, INT64_MAX),
    TIME(OF, started_ns, "started_at"),
    TIME(OF, changed_ns, "changed_at"),
    INT(OF, revision, "revision", 0, AMOUNT_MAX),
    INT(OF, first_free_host, "first_free_host", 0, UINT16_MAX),
    INT(OF, macs_given, "macs_given", 0, (1 << 24) - 1),
    OBJECT(OF, settings, "settings", settings_shape),
};
#undef OF
const struct shape state_world_shape = SHAPE(world_fields, struct state_world, NULL);

/* --- configs ----------------------------------------------------------------------------- */

#define OF struct network_config
static const struct field network_fields[] = {
    BOOL(OF, enabled, "enabled"),
    INT(OF, bandwidth_download, "bandwidth_download_bps", INT64_MIN, INT64_MAX),
    INT(OF, bandwidth_upload, "bandwidth_upload_bps", INT64_MIN, INT64_MAX),
    BOOL(OF, egress_enabled, "egress_enabled"),
    ENUM(OF, egress_mode, "egress_mode", egress_mode_name_of, EGRESS_MODE_COUNT),
};
#undef OF
static const struct shape network_shape = SHAPE(network_fields, struct network_config, NULL);

#define OF struct volume_attachment
static const struct field volume_fields[] = {
    STRING(OF, volume_id, "volume_id"),
    STRING(OF, mount_path, "mount_path"),
    BOOL(OF, readonly, "readonly"),
    BOOL(OF, overlay, "overlay"),
    INT(OF, overlay_bytes, "overlay_bytes", 0, AMOUNT_MAX),
};
#undef OF
static const struct shape volume_shape = SHAPE(volume_fields, struct volume_attachment, NULL);

#define OF struct credential_injection
static const struct field injection_fields[] = {
    STRING(OF, header, "header"),
    STRING(OF, format, "format"),
    TEXTS(OF, hosts, "hosts"),
};
#undef OF
static const struct shape injection_shape =
    SHAPE(injection_fields, struct credential_injection, NULL);

#define OF struct credential
static const struct field credential_fields[] = {
    STRING(OF, name, "name"),
    STRING(OF, source_env, "source_env"),
    LIST(OF, inject, inject_count, "inject", injection_shape),
};
#undef OF
static const struct shape credential_shape = SHAPE(credential_fields, struct credential, NULL);

#define OF struct auto_standby_policy
static const struct field auto_standby_fields[] = {
    BOOL(OF, present, "present"),
    TIME(OF, since_ns, "since"),
    BOOL(OF, enabled, "enabled"),
    SPAN(OF, idle_timeout_ns, "idle_timeout"),
    TEXTS(OF, ignore_source_cidrs, "ignore_source_cidrs"),
    PORTS(OF, ignore_destination_ports, ignore_destination_port_count, "ignore_destination_ports"),
};
#undef OF
static const struct shape auto_standby_shape =
    SHAPE(auto_standby_fields, struct auto_standby_policy, NULL);

#define OF struct health_check_policy
static const struct field health_check_fields[] = {
    BOOL(OF, present, "present"),
    TIME(OF, since_ns, "since"),
    ENUM(OF, type, "type", health_check_type_name_of, HEALTH_CHECK_TYPE_COUNT),
    STRING(OF, interval, "interval_text"),
    STRING(OF, timeout, "timeout_text"),
    STRING(OF, start_period, "start_period_text"),
    SPAN(OF, interval_ns, "interval"),
    SPAN(OF, timeout_ns, "timeout"),
    SPAN(OF, start_period_ns, "start_period"),
    INT(OF, failure_threshold, "failure_threshold", 0, AMOUNT_MAX),
    INT(OF, success_threshold, "success_threshold", 0, AMOUNT_MAX),
    INT(OF, port, "port", 0, UINT16_MAX),
    STRING(OF, http_path, "http_path"),
    STRING(OF, http_scheme, "http_scheme"),
    INT(OF, http_expected_status, "http_expected_status", 0, AMOUNT_MAX),
    TEXTS(OF, exec_command, "exec_command"),
    STRING(OF, exec_working_dir, "exec_working_dir"),
};
#undef OF

static bool check_health(const void *value, const struct json_at *at, struct error *err)
{
    const struct health_check_policy *policy = value;
    return !policy->present || policy->type == HEALTH_CHECK_NONE || policy->interval_ns > 0 ||
           json_complain(at, err, "must have an interval above 0");
}

static const struct shape health_check_shape =
    SHAPE(health_check_fields, struct health_check_policy, check_health);

#define OF struct restart_policy
static const struct field restart_fields[] = {
    ENUM(OF, kind, "policy", restart_policy_kind_name_of, RESTART_POLICY_KIND_COUNT),
    SPAN(OF, backoff_ns, "backoff"),
    SPAN(OF, stable_after_ns, "stable_after"),
    INT(OF, max_attempts, "max_attempts", 0, AMOUNT_MAX),
};
#undef OF
static const struct shape restart_shape = SHAPE(restart_fields, struct restart_policy, NULL);

#define OF struct snapshot_policy
static const struct field snapshot_policy_fields[] = {
    BOOL(OF, present, "present"),
    OBJECT(OF, compression, "compression", choice_shape),
    BOOL(OF, has_standby_compression_delay, "has_standby_compression_delay"),
    SPAN(OF, standby_compression_delay_ns, "standby_compression_delay"),
};
#undef OF
static const struct shape snapshot_policy_shape =
    SHAPE(snapshot_policy_fields, struct snapshot_policy, NULL);

#define OF struct instance_config
static const struct field config_fields[] = {
    STRING_ALWAYS(OF, id, "id"),
    STRING(OF, name, "name"),
    STRING(OF, image, "image"),
    STRING(OF, platform, "platform"),
    ENUM_ALWAYS(OF, hypervisor, "hypervisor", hypervisor_name_of, HYPERVISOR_COUNT),
    INT(OF, size_bytes, "size_bytes", 0, AMOUNT_MAX),
    INT(OF, hotplug_bytes, "hotplug_bytes", 0, AMOUNT_MAX),
    INT(OF, overlay_bytes, "overlay_bytes", 0, AMOUNT_MAX),
    INT(OF, vcpus, "vcpus", 0, AMOUNT_MAX),
    INT(OF, disk_io_bps, "disk_io_bps", INT64_MIN, INT64_MAX),
    OBJECT(OF, network, "network", network_shape),
    PAIRS_OF(OF, tags, "tags", TAGS_MAX),
    PAIRS_OF(OF, env, "env", PAIRS_MAX),
    TEXTS(OF, entrypoint, "entrypoint"),
    TEXTS(OF, cmd, "cmd"),
    LIST(OF, volumes, volume_count, "volumes", volume_shape),
    INT(OF, listed_volume_count, "listed_volume_count", 0, AMOUNT_MAX),
    LIST(OF, credentials, credential_count, "credentials", credential_shape),
    TEXTS(OF, devices, "devices"),
    STRING(OF, gpu_profile, "gpu_profile"),
    OBJECT(OF, auto_standby, "auto_standby", auto_standby_shape),
    OBJECT(OF, health_check, "health_check", health_check_shape),
    OBJECT(OF, restart, "restart", restart_shape),
    OBJECT(OF, snapshot, "snapshot_policy", snapshot_policy_shape),
    BOOL(OF, skip_kernel_headers, "skip_kernel_headers"),
    BOOL(OF, skip_guest_agent, "skip_guest_agent"),
};
#undef OF

static bool check_id(struct text id, const struct json_at *at, struct error *err)
{
    return id.len == RESOURCE_ID_LEN ||
           json_complain(at, err, "must have an id of %d characters", RESOURCE_ID_LEN);
}

static bool check_config(const void *value, const struct json_at *at, struct error *err)
{
    const struct instance_config *config = value;
    if (!check_id(config->id, at, err))
        return false;
    return config->listed_volume_count <= config->volume_count ||
           json_complain(at, err, "must not list more volumes than it has");
}

const struct shape state_config_shape = SHAPE(config_fields, struct instance_config, check_config);

/* --- events ------------------------------------------------------------------------------ */

#define OF struct state_event
static const struct field event_fields[] = {
    INT(OF, before, "before", 0, AMOUNT_MAX),
    ENUM_ALWAYS(OF, event.kind, "kind", history_kind_name_of, HISTORY_KIND_COUNT),
    ENUM(OF, event.start, "start", history_start_name_of, HISTORY_RESUMED_START + 1),
    INT(OF, event.number, "number", 0, AMOUNT_MAX),
    TIME(OF, event.at_ns, "at"),
    TIME(OF, event.until_ns, "until"),
    BOOL(OF, event.has_exit_code, "has_exit_code"),
    INT(OF, event.exit_code, "exit_code", INT32_MIN, INT32_MAX),
    ID(OF, event.other, "other"),
};
#undef OF
const struct shape state_event_shape = SHAPE(event_fields, struct state_event, NULL);

/* --- instances --------------------------------------------------------------------------- */

#define OF struct phase_ledger
static const struct field phases_fields[] = {
    ENUM_ALWAYS(OF, current, "current", phase_name_of, PHASE_COUNT),
    TIME(OF, since_ns, "since"),
    SPAN(OF, spent_ns[PHASE_CREATED], "created"),
    SPAN(OF, spent_ns[PHASE_INITIALIZING], "initializing"),
    SPAN(OF, spent_ns[PHASE_RUNNING], "running"),
    SPAN(OF, spent_ns[PHASE_STANDBY], "standby"),
    SPAN(OF, spent_ns[PHASE_STOPPED], "stopped"),
};
#undef OF
static const struct shape phases_shape = SHAPE(phases_fields, struct phase_ledger, NULL);

#define OF struct health
static const struct field health_fields[] = {
    ENUM(OF, status, "status", health_status_name_of, HEALTH_STATUS_COUNT),
    INT(OF, consecutive_failures, "consecutive_failures", 0, AMOUNT_MAX),
    INT(OF, consecutive_successes, "consecutive_successes", 0, AMOUNT_MAX),
    TIME(OF, last_checked_at_ns, "last_checked_at"),
    TIME(OF, last_failure_at_ns, "last_failure_at"),
    TIME(OF, last_success_at_ns, "last_success_at"),
};
#undef OF
static const struct shape health_shape = SHAPE(health_fields, struct health, NULL);

#define OF struct transition_wish
static const struct field wish_fields[] = {
    BOOL(OF, held, "held"),
    INT(OF, passes, "passes", 0, UINT32_MAX),
    ENUM(OF, failure, "fails", transition_failure_name_of, TRANSITION_FAILURE_COUNT),
    BOOL(OF, has_delay, "has_delay"),
    SPAN(OF, delay_ns, "delay"),
};
#undef OF
static const struct shape wish_shape = SHAPE(wish_fields, struct transition_wish, NULL);

#define OF struct instance_hooks
static const struct field hooks_fields[] = {
    INT(OF, connections, "connections", 0, UINT32_MAX),
    TIME(OF, connected_at_ns, "connected_at"),
    TIME(OF, idle_since_ns, "idle_since"),
    TIME(OF, probes_since_ns, "probes_since"),
    OBJECT(OF, probes_so_far, "probes_so_far", health_shape),
    BOOL(OF, probes_fail, "probes_fail"),
    OBJECT(OF, plan.of[TRANSITION_BOOT], "boot", wish_shape),
    OBJECT(OF, plan.of[TRANSITION_STANDBY], "standby", wish_shape),
    OBJECT(OF, plan.of[TRANSITION_RESTORE], "restore", wish_shape),
    OBJECT(OF, plan.of[TRANSITION_STOP], "stop", wish_shape),
    OBJECT(OF, plan.of[TRANSITION_COMPRESSION], "compression", wish_shape),
    OBJECT(OF, plan.of[TRANSITION_SCHEDULE], "schedule", wish_shape),
};
#undef OF
static const struct shape hooks_shape = SHAPE(hooks_fields, struct instance_hooks, NULL);

#define OF struct state_instance
static const struct field instance_fields[] = {
    PLACE(OF, config, "config"),
    INT(OF, history, "history", 0, AMOUNT_MAX),
    ENUM_ALWAYS(OF, record.state, "state", instance_state_name_of, INSTANCE_STATE_COUNT),
    TIME(OF, record.created_at_ns, "created_at"),
    TIME(OF, record.started_at_ns, "started_at"),
    TIME(OF, record.stopped_at_ns, "stopped_at"),
    TIME(OF, record.expires_at_ns, "expires_at"),
    TIME(OF, record.running_at_ns, "running_at"),
    OBJECT(OF, record.phases, "phases", phases_shape),
    ADDRESS(OF, record.address, "address"),
    BOOL(OF, record.has_exit_code, "has_exit_code"),
    INT(OF, record.exit_code, "exit_code", INT32_MIN, INT32_MAX),
    INT(OF, record.restart.attempts, "restart_attempts", 0, UINT32_MAX),
    ENUM(OF, restart_blocked, "restart_blocked", restart_block_name_of, RESTART_BLOCK_COUNT),
    ENUM(OF, restart_last_reason, "restart_last_reason", restart_reason_name_of,
         RESTART_REASON_COUNT),
    TIME(OF, record.restart.last_attempt_at_ns, "restart_last_attempt_at"),
    TIME(OF, record.restart.next_attempt_at_ns, "restart_next_attempt_at"),
    TIME(OF, record.hold_until_ns, "hold_until"),
    OBJECT(OF, hooks, "hooks", hooks_shape),
};
#undef OF
const struct shape state_instance_shape = SHAPE(instance_fields, struct state_instance, NULL);

/* --- snapshots, schedules, images -------------------------------------------------------- */

#define OF struct state_snapshot
static const struct field snapshot_fields[] = {
    STRING_ALWAYS(OF, record.id, "id"),
    STRING(OF, record.name, "name"),
    ENUM_ALWAYS(OF, record.kind, "kind", snapshot_kind_name_of, SNAPSHOT_KIND_COUNT),
    PAIRS_OF(OF, record.tags, "tags", TAGS_MAX + 2), /* and a schedule's two */
    TIME(OF, record.created_at_ns, "created_at"),
    INT(OF, record.size_bytes, "size_bytes", 0, INT64_MAX),
    PLACE(OF, source, "source"),
    ENUM(OF, record.compression_state, "compression_state", compression_state_name_of,
         COMPRESSION_STATE_COUNT),
    ENUM(OF, record.compression.algorithm, "compression_algorithm", compression_algorithm_name_of,
         COMPRESSION_ALGORITHM_COUNT),
    INT(OF, record.compression.level, "compression_level", 0, 19),
    TIME(OF, record.compressed_at_ns, "compressed_at"),
    STRING(OF, record.compression_error, "compression_error"),
};
#undef OF

static bool check_snapshot(const void *value, const struct json_at *at, struct error *err)
{
    const struct snapshot *record = &((const struct state_snapshot *)value)->record;
    if (!check_id(record->id, at, err))
        return false;
    return record->compression_state == COMPRESSION_STATE_NONE ||
           record->compression.algorithm != COMPRESSION_UNSET ||
           json_complain(at, err, "must have a compression_algorithm");
}

const struct shape state_snapshot_shape =
    SHAPE(snapshot_fields, struct state_snapshot, check_snapshot);

#define OF struct schedule
static const struct field schedule_fields[] = {
    STRING_ALWAYS(OF, instance_id, "instance_id"),
    SPAN(OF, interval_ns, "interval"),
    STRING(OF, name_prefix, "name_prefix"),
    PAIRS_OF(OF, metadata, "metadata", TAGS_MAX),
    INT(OF, max_count, "max_count", 0, AMOUNT_MAX),
    SPAN(OF, max_age_ns, "max_age"),
    TIME(OF, next_run_at_ns, "next_run_at"),
    TIME(OF, created_at_ns, "created_at"),
    TIME(OF, updated_at_ns, "updated_at"),
    TIME(OF, last_run_at_ns, "last_run_at"),
    STRING(OF, last_snapshot_id, "last_snapshot_id"),
    STRING(OF, last_error, "last_error"),
};
#undef OF

static bool check_schedule(const void *value, const struct json_at *at, struct error *err)
{
    const struct schedule *schedule = value;
    if (!check_id(schedule->instance_id, at, err))
        return false;
    if (schedule->interval_ns < 60 * NS_PER_SEC)
        return json_complain(at, err, "must have an interval of at least 1m");
    return schedule->name_prefix.len <= SCHEDULE_PREFIX_MAX ||
           json_complain(at, err, "must not have a name_prefix of more than %d characters",
                         SCHEDULE_PREFIX_MAX);
}

const struct shape state_schedule_shape = SHAPE(schedule_fields, struct schedule, check_schedule);

#define OF struct state_image
static const struct field image_fields[] = {
    STRING_ALWAYS(OF, reference, "reference"),
    ENUM_ALWAYS(OF, condition, "condition", image_condition_name_of, IMAGE_CONDITION_COUNT),
};
#undef OF
const struct shape state_image_shape = SHAPE(image_fields, struct state_image, NULL);
