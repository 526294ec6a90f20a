#include <stddef.h>

#include "mock/api/operations.h"
#include "mock/api/route.h"
#include "mock/api/rules.h"

static const struct error_row create_instance_errors[] = {
    /* instances.md 7.1, in its order */
    { ERROR_INVALID_ARGUMENT, 400, "invalid_size", .field = "size" },
    { ERROR_INVALID_ARGUMENT, 400, "invalid_hotplug_size", .field = "hotplug_size" },
    { ERROR_INVALID_ARGUMENT, 400, "invalid_overlay_size", .field = "overlay_size" },
    { ERROR_INVALID_ARGUMENT, 400, "invalid_disk_io_bps", .field = "disk_io_bps" },
    { ERROR_INVALID_ARGUMENT, 400, "invalid_ttl", .field = "ttl" },
    { ERROR_INVALID_ARGUMENT, 400, "invalid_expires_at", .field = "expires_at" },
    { ERROR_INVALID_ARGUMENT, 400, "invalid_bandwidth_download", .field = "bandwidth_download" },
    { ERROR_INVALID_ARGUMENT, 400, "invalid_bandwidth_upload", .field = "bandwidth_upload" },
    { ERROR_INVALID_ARGUMENT, 400, "invalid_health_check", .field = "health_check.policy" },
    { ERROR_INVALID_ARGUMENT, 400, "invalid_restart_policy", .field = "restart_policy" },
    { ERROR_INVALID_ARGUMENT, 400, "invalid_snapshot_policy", .field = "snapshot_policy" },
    { ERROR_INVALID_ARGUMENT, 400, "invalid_platform", .field = "platform" },
    { ERROR_UNAVAILABLE, 429, "rate_limited", .field = "image" },            /* INST-C-026 */
    { ERROR_NOT_FOUND, 404, "platform_not_available", .field = "platform" }, /* INST-C-030 */
    { ERROR_INVALID_STATE, 400, "image_not_ready", .field = "image" }, /* INST-C-024, INST-C-025 */
    { ERROR_ALREADY_EXISTS, 400, "name_conflict", .field = "name",
      BUT_SPEC(NAME_CONFLICT, 409, "name_conflict") },
    /* Faults of the request that the real server reports as its own. */
    { ERROR_INTERNAL, 500, "internal_error", .field = "image",
      BUT_SPEC(IMAGE_REFERENCE, 400, "invalid_request") },
    { ERROR_INTERNAL, 500, "internal_error", .field = "size",
      BUT_SPEC(NUMBER_OUT_OF_RANGE, 400, "invalid_request") },
    { ERROR_INTERNAL, 500, "internal_error", .field = "hotplug_size",
      BUT_SPEC(NUMBER_OUT_OF_RANGE, 400, "invalid_request") },
    { ERROR_INTERNAL, 500, "internal_error", .field = "overlay_size",
      BUT_SPEC(NUMBER_OUT_OF_RANGE, 400, "invalid_request") },
    { ERROR_INTERNAL, 500, "internal_error", .field = "vcpus",
      BUT_SPEC(NUMBER_OUT_OF_RANGE, 400, "invalid_request") },
    { ERROR_INTERNAL, 500, "internal_error", .field = "hypervisor",
      BUT_SPEC(HYPERVISOR_NOT_HERE, 400, "invalid_request") },
    { ERROR_INTERNAL, 500, "internal_error", .field = "volumes",
      BUT_SPEC(VOLUME_RULES, 400, "invalid_request") },
    { ERROR_INVALID_STATE, 500, "internal_error", .field = "volumes",
      BUT_SPEC(VOLUME_TAKEN, 409, "conflict") },
    { ERROR_NOT_FOUND, 500, "internal_error", .field = "devices",
      BUT_SPEC(DEVICE_UNKNOWN, 404, "not_found") },
    { 0 },
};

static const struct error_row create_snapshot_errors[] = {
    { ERROR_INVALID_ARGUMENT, 400, "invalid_snapshot_compression", .field = "compression" },
    { ERROR_ALREADY_EXISTS, 409, "conflict", .field = NULL }, /* SNAP-C-013 */
    { ERROR_INVALID_STATE, 409, "conflict", .field = NULL },  /* SNAP-C-004, SNAP-C-005 */
    { ERROR_NOT_SUPPORTED, 500, "internal_error", .field = "hypervisor",
      BUT_SPEC(NO_STANDBY, 501, "not_supported") },
    { 0 },
};

static const struct error_row update_instance_errors[] = {
    { ERROR_INVALID_ARGUMENT, 400, "invalid_health_check", .field = "health_check.policy" },
    { ERROR_INVALID_ARGUMENT, 400, "invalid_restart_policy", .field = "restart_policy" },
    { ERROR_INVALID_ARGUMENT, 400, "invalid_ttl", .field = "ttl" },
    { ERROR_INVALID_ARGUMENT, 400, "invalid_expires_at", .field = "expires_at" },
    { ERROR_INVALID_STATE, 409, "instance_expired", .field = "expires_at" }, /* NEW-048 */
    { 0 },
};

static const struct error_row standby_errors[] = {
    { ERROR_INVALID_ARGUMENT, 400, "invalid_snapshot_compression", .field = "compression" },
    { ERROR_INVALID_ARGUMENT, 400, "invalid_compression_delay", .field = "compression_delay" },
    { 0 },
};

/* Of start and restore: a fork that never ran comes up with a name somebody else took meanwhile. */
static const struct error_row bring_up_errors[] = {
    { ERROR_ALREADY_EXISTS, 500, "internal_error", .field = NULL,
      BUT_SPEC(NAME_CONFLICT_AT_START, 409, "name_conflict") }, /* INST-ST-029 */
    { 0 },
};

static const struct error_row fork_instance_errors[] = {
    { ERROR_ALREADY_EXISTS, 409, "name_conflict", .field = NULL }, /* INST-FK-030 */
    { 0 },
};

static const struct error_row restore_snapshot_errors[] = {
    { ERROR_INVALID_ARGUMENT, 400, "invalid_request", .field = "target_state",
      BUT_SPEC(TARGET_STATE, 409, "invalid_state") }, /* SNAP-R-006 */
    { 0 },
};

static const struct error_row fork_snapshot_errors[] = {
    { ERROR_INVALID_ARGUMENT, 400, "invalid_request", .field = "target_state",
      BUT_SPEC(TARGET_STATE, 409, "conflict") },              /* SNAP-F-006 */
    { ERROR_ALREADY_EXISTS, 409, "conflict", .field = NULL }, /* SNAP-F-012 */
    { 0 },
};

static const struct error_row hold_errors[] = {
    { ERROR_INVALID_STATE, 409, "instance_in_standby", .field = "auto_standby" }, /* INST-AS-043 */
    { 0 },
};

static const struct error_row attach_volume_errors[] = {
    { ERROR_ALREADY_EXISTS, 409, "conflict", .field = NULL },
    { 0 },
};

static const struct error_row wait_errors[] = {
    { ERROR_INVALID_ARGUMENT, 400, "invalid_state", .field = "state" },
    { ERROR_INVALID_ARGUMENT, 400, "invalid_timeout", .field = "timeout" },
    { 0 },
};

static const struct error_row logs_errors[] = {
    { .when = ERROR_NOT_FOUND, .status = 404, .code = "log_not_found" }, /* INST-LOG-016 */
    { 0 },
};

#define ROUTE(verb, route_path, id, needed_scope)                                                  \
    .method = HTTP_##verb, .path = (route_path), .operation_id = (id), .scope = (needed_scope)

/* common.md section 15 and newest.md. A literal path stands before a parameter's that it fits. A
 * row without `run` is answered 501. */
const struct route routes[] = {
    { ROUTE(GET, "/health", "getHealth", NULL), .failure = "failed to get health",
      .run = op_get_health },
    { ROUTE(GET, "/capabilities", "getCapabilities", "resource:read"),
      .failure = "failed to resolve network capabilities", .run = op_get_capabilities },
    { ROUTE(GET, "/resources", "getResources", "resource:read") },
    { ROUTE(POST, "/resources/memory/reclaim", "reclaimMemory", "resource:write") },

    { ROUTE(GET, "/images", "listImages", "image:read") },
    { ROUTE(POST, "/images", "createImage", "image:write") },
    { ROUTE(GET, "/images/{name}", "getImage", "image:read") },
    { ROUTE(DELETE, "/images/{name}", "deleteImage", "image:delete") },
    { ROUTE(POST, "/images/{name}/tag", "tagImage", "image:write") },

    { ROUTE(GET, "/instances", "listInstances", "instance:read"), .query = list_instances_query,
      .failure = "failed to list instances", .run = op_list_instances },
    { ROUTE(POST, "/instances", "createInstance", "instance:write"), .body = BODY_JSON,
      .schema = &schema_create_instance, .errors = create_instance_errors,
      .failure = "failed to create instance", .run = op_create_instance },
    { ROUTE(GET, "/instances/{id}", "getInstance", "instance:read"), .resolver = RESOLVE_INSTANCE,
      .failure = "failed to get instance", .run = op_get_instance },
    { ROUTE(DELETE, "/instances/{id}", "deleteInstance", "instance:delete"),
      .query = delete_instance_query, .resolver = RESOLVE_INSTANCE,
      .failure = "failed to delete instance", .run = op_delete_instance },
    { ROUTE(PATCH, "/instances/{id}", "updateInstance", "instance:write"), .body = BODY_JSON,
      .schema = &schema_update_instance, .resolver = RESOLVE_INSTANCE,
      .errors = update_instance_errors, .failure = "failed to update instance",
      .run = op_update_instance },
    { ROUTE(POST, "/instances/{id}/standby", "standbyInstance", "instance:write"),
      .body = BODY_JSON_OPTIONAL, .schema = &schema_standby_instance, .resolver = RESOLVE_INSTANCE,
      .errors = standby_errors, .failure = "failed to standby instance",
      .run = op_standby_instance },
    { ROUTE(POST, "/instances/{id}/restore", "restoreInstance", "instance:write"),
      .resolver = RESOLVE_INSTANCE, .errors = bring_up_errors,
      .failure = "failed to restore instance", .run = op_restore_instance },
    { ROUTE(POST, "/instances/{id}/fork", "forkInstance", "instance:write"), .body = BODY_JSON,
      .schema = &schema_fork_instance, .resolver = RESOLVE_INSTANCE, .errors = fork_instance_errors,
      .failure = "failed to fork instance", .run = op_fork_instance },
    { ROUTE(POST, "/instances/{id}/stop", "stopInstance", "instance:write"),
      .resolver = RESOLVE_INSTANCE, .failure = "failed to stop instance", .run = op_stop_instance },
    { ROUTE(POST, "/instances/{id}/start", "startInstance", "instance:write"), .body = BODY_JSON,
      .schema = &schema_start_instance, .resolver = RESOLVE_INSTANCE, .errors = bring_up_errors,
      .failure = "failed to start instance", .run = op_start_instance },
    { ROUTE(GET, "/instances/{id}/logs", "getInstanceLogs", "instance:read"), .query = logs_query,
      .resolver = RESOLVE_INSTANCE, .errors = logs_errors, .failure = "failed to stream logs",
      .run = op_get_instance_logs },
    { ROUTE(GET, "/instances/{id}/stat", "statInstancePath", "instance:read"), .query = stat_query,
      .resolver = RESOLVE_INSTANCE, .failure = "failed to connect to guest agent",
      .run = op_stat_instance_path },
    { ROUTE(GET, "/instances/{id}/stats", "getInstanceStats", "instance:read"),
      .resolver = RESOLVE_INSTANCE, .failure = "failed to get instance stats",
      .run = op_get_instance_stats },
    { ROUTE(GET, "/instances/{id}/wait", "waitForInstanceState", "instance:read"),
      .query = wait_query, .resolver = RESOLVE_INSTANCE, .errors = wait_errors,
      .failure = "failed to wait for instance state", .run = op_wait_for_instance_state },
    { ROUTE(GET, "/instances/{id}/auto-standby/status", "getAutoStandbyStatus", "instance:read"),
      .resolver = RESOLVE_INSTANCE, .failure = "failed to get auto-standby status",
      .run = op_get_auto_standby_status },
    { ROUTE(POST, "/instances/{id}/auto-standby/hold", "holdAutoStandby", "instance:write"),
      .resolver = RESOLVE_INSTANCE, .errors = hold_errors,
      .failure = "failed to place auto-standby hold", .run = op_hold_auto_standby },
    { ROUTE(POST, "/instances/{id}/volumes/{volumeId}", "attachVolume", "volume:write"),
      .body = BODY_JSON, .schema = &schema_attach_volume, .resolver = RESOLVE_INSTANCE,
      .errors = attach_volume_errors, .failure = "failed to attach volume",
      .run = op_attach_volume },
    { ROUTE(DELETE, "/instances/{id}/volumes/{volumeId}", "detachVolume", "volume:write"),
      .resolver = RESOLVE_INSTANCE, .failure = "failed to detach volume", .run = op_detach_volume },

    { ROUTE(POST, "/instances/{id}/snapshots", "createInstanceSnapshot", "snapshot:write"),
      .body = BODY_JSON, .schema = &schema_create_snapshot, .resolver = RESOLVE_INSTANCE,
      .errors = create_snapshot_errors, .failure = "failed to create snapshot",
      .run = op_create_instance_snapshot },
    { ROUTE(POST, "/instances/{id}/snapshots/{snapshotId}/restore", "restoreInstanceSnapshot",
            "snapshot:write"),
      .body = BODY_JSON, .schema = &schema_restore_snapshot, .resolver = RESOLVE_INSTANCE,
      .errors = restore_snapshot_errors, .failure = "failed to restore snapshot",
      .run = op_restore_instance_snapshot },
    { ROUTE(GET, "/instances/{id}/snapshot-schedule", "getInstanceSnapshotSchedule",
            "snapshot:read"),
      .resolver = RESOLVE_INSTANCE, .failure = "failed to get snapshot schedule",
      .run = op_get_snapshot_schedule },
    { ROUTE(PUT, "/instances/{id}/snapshot-schedule", "setInstanceSnapshotSchedule",
            "snapshot:write"),
      .body = BODY_JSON, .schema = &schema_set_schedule, .resolver = RESOLVE_INSTANCE,
      .failure = "failed to set snapshot schedule", .run = op_set_snapshot_schedule },
    { ROUTE(DELETE, "/instances/{id}/snapshot-schedule", "deleteInstanceSnapshotSchedule",
            "snapshot:delete"),
      .resolver = RESOLVE_INSTANCE, .failure = "failed to delete snapshot schedule",
      .run = op_delete_snapshot_schedule },
    { ROUTE(GET, "/snapshots", "listSnapshots", "snapshot:read"), .query = list_snapshots_query,
      .failure = "failed to list snapshots", .run = op_list_snapshots },
    { ROUTE(GET, "/snapshots/{snapshotId}", "getSnapshot", "snapshot:read"),
      .failure = "failed to get snapshot", .run = op_get_snapshot },
    { ROUTE(DELETE, "/snapshots/{snapshotId}", "deleteSnapshot", "snapshot:delete"),
      .failure = "failed to delete snapshot", .run = op_delete_snapshot },
    { ROUTE(POST, "/snapshots/{snapshotId}/fork", "forkSnapshot", "snapshot:write"),
      .body = BODY_JSON, .schema = &schema_fork_snapshot, .errors = fork_snapshot_errors,
      .failure = "failed to fork snapshot", .run = op_fork_snapshot },

    { ROUTE(GET, "/volumes", "listVolumes", "volume:read") },
    { ROUTE(POST, "/volumes", "createVolume", "volume:write") },
    { ROUTE(POST, "/volumes/from-archive", "createVolumeFromArchive", "volume:write") },
    { ROUTE(GET, "/volumes/{id}", "getVolume", "volume:read") },
    { ROUTE(DELETE, "/volumes/{id}", "deleteVolume", "volume:delete") },

    { ROUTE(GET, "/devices", "listDevices", "device:read") },
    { ROUTE(POST, "/devices", "createDevice", "device:write") },
    { ROUTE(GET, "/devices/available", "listAvailableDevices", "device:read") },
    { ROUTE(GET, "/devices/{id}", "getDevice", "device:read") },
    { ROUTE(DELETE, "/devices/{id}", "deleteDevice", "device:delete") },

    { ROUTE(GET, "/ingresses", "listIngresses", "ingress:read") },
    { ROUTE(POST, "/ingresses", "createIngress", "ingress:write") },
    { ROUTE(GET, "/ingresses/{id}", "getIngress", "ingress:read") },
    { ROUTE(DELETE, "/ingresses/{id}", "deleteIngress", "ingress:delete") },

    { ROUTE(GET, "/builds", "listBuilds", "build:read") },
    { ROUTE(POST, "/builds", "createBuild", "build:write") },
    { ROUTE(GET, "/builds/{id}", "getBuild", "build:read") },
    { ROUTE(DELETE, "/builds/{id}", "cancelBuild", "build:delete") },
    { ROUTE(GET, "/builds/{id}/events", "getBuildEvents", "build:read") },

    { ROUTE(GET, "/builders", "listBuilders", "builder:read") },
    { ROUTE(POST, "/builders", "createBuilder", "builder:write") },
    { ROUTE(GET, "/builders/{id}", "getBuilder", "builder:read") },
    { ROUTE(DELETE, "/builders/{id}", "deleteBuilder", "builder:delete") },
    { ROUTE(POST, "/builders/{id}/prune", "pruneBuilder", "builder:write") },

    { ROUTE(GET, "/pushes", "listPushes", "image:read") },
    { ROUTE(POST, "/pushes", "createPush", "image:write") },
    { ROUTE(GET, "/pushes/{id}", "getPush", "image:read") },

    { .path = NULL },
};
