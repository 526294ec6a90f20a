#include "mock/api/rules.h"

#define REQUIRED              .required = true
#define OPTIONAL              .required = false
#define FALLS_BACK_TO(text)   .fill = DEFAULT_TEXT, .value = (text)
#define FALLS_BACK_TO_N(text) .fill = DEFAULT_NUMBER, .value = (text)
#define FALLS_BACK_TO_TRUE    .fill = DEFAULT_TRUE
#define FALLS_BACK_TO_FALSE   .fill = DEFAULT_FALSE

/* clang-format off */
static const char *const hypervisors[] = { "cloud-hypervisor", "firecracker", "qemu",
                                           "qemu-microvm", "vz", NULL };
static const char *const instance_states[] = { "Created", "Initializing", "Running", "Paused",
                                               "Shutdown", "Stopped", "Standby", "Unknown", NULL };
static const char *const snapshot_kinds[] = { "Standby", "Stopped", NULL };
static const char *const algorithms[] = { "zstd", "lz4", NULL };
static const char *const egress_modes[] = { "all", "http_https_only", NULL };
static const char *const health_check_types[] = { "none", "http", "tcp", "exec", NULL };
static const char *const schemes[] = { "http", "https", NULL };
static const char *const restart_policies[] = { "never", "always", "on_failure", NULL };

static const struct schema any_string = { .type = SCHEMA_STRING };
static const struct schema any_integer = { .type = SCHEMA_INTEGER };
static const struct schema any_boolean = { .type = SCHEMA_BOOLEAN };
static const struct schema strings = { .type = SCHEMA_ARRAY, .items = &any_string };
static const struct schema string_map = { .type = SCHEMA_MAP, .items = &any_string };
static const struct schema at_least_0 = { .type = SCHEMA_INTEGER, .has_min = true };
static const struct schema at_least_1 = { .type = SCHEMA_INTEGER, .has_min = true, .min = 1 };
static const struct schema port = { .type = SCHEMA_INTEGER, .has_min = true, .min = 1,
                                    .has_max = true, .max = 65535 };
static const struct schema name = { .type = SCHEMA_STRING, .pattern = &pattern_name,
                                    .max_length = 63 };            /* INST-N-001, SNAP-C-009 */
static const struct schema date_time = { .type = SCHEMA_STRING, .date_time = &pattern_date_time };

/* TAG-001. Keys are not judged here but by the operation (VALID-044). */
const struct schema schema_tag_value = { .type = SCHEMA_STRING, .pattern = &pattern_tag_value,
                                         .max_length = 256 };
const struct schema schema_tag_key = { .type = SCHEMA_STRING, .pattern = &pattern_tag_value,
                                       .max_length = 128 };
static const struct schema tags = { .type = SCHEMA_MAP, .items = &schema_tag_value,
                                    .max_members = PARAM_MAX_TAGS };

static const struct schema algorithm = { .type = SCHEMA_STRING, .names = algorithms };
static const struct schema level = { .type = SCHEMA_INTEGER, .has_min = true, .has_max = true,
                                     .max = 19 };                  /* COMP-008 */
static const struct schema compression = {
    .type = SCHEMA_OBJECT, .name = "SnapshotCompressionConfig",
    .members = (const struct schema_member[]){
        { "enabled", &any_boolean, REQUIRED },                     /* COMP-011 */
        { "algorithm", &algorithm, OPTIONAL },                               /* COMP-010 */
        { "level", &level, OPTIONAL },
        { 0 } },
};

static const struct schema snapshot_kind = { .type = SCHEMA_STRING, .names = snapshot_kinds };
const struct schema schema_create_snapshot = {
    .type = SCHEMA_OBJECT, .name = "CreateSnapshotRequest",
    .members = (const struct schema_member[]){
        { "kind", &snapshot_kind, REQUIRED },                      /* SNAP-C-007, SNAP-C-008 */
        { "name", &name, OPTIONAL },
        { "tags", &tags, OPTIONAL },
        { "compression", &compression, OPTIONAL },
        { 0 } },
};

static const struct schema name_prefix = { .type = SCHEMA_STRING, .pattern = &pattern_name,
                                           .max_length = 47, .nullable = true };
static const struct schema retention = {
    .type = SCHEMA_OBJECT, .name = "SnapshotScheduleRetention",
    .members = (const struct schema_member[]){
        { "max_count", &at_least_0, OPTIONAL },                    /* SCHED-P-012 */
        { "max_age", &any_string, OPTIONAL },                      /* SCHED-P-013 */
        { 0 } },
};
const struct schema schema_set_schedule = {
    .type = SCHEMA_OBJECT, .name = "SetSnapshotScheduleRequest",
    .members = (const struct schema_member[]){
        { "interval", &any_string, REQUIRED },                     /* SCHED-P-003 */
        { "retention", &retention, REQUIRED },                     /* SCHED-P-004 */
        { "name_prefix", &name_prefix, OPTIONAL },                 /* SCHED-P-016, SCHED-P-017 */
        { "metadata", &tags, OPTIONAL },                           /* SCHED-P-018 */
        { 0 } },
};

static const struct schema snapshot_policy = {
    .type = SCHEMA_OBJECT, .name = "SnapshotPolicy",
    .members = (const struct schema_member[]){
        { "compression", &compression, OPTIONAL },
        { "standby_compression_delay", &any_string, OPTIONAL },
        { 0 } },
};

static const struct schema ports = { .type = SCHEMA_ARRAY, .items = &port };
static const struct schema auto_standby = {
    .type = SCHEMA_OBJECT, .name = "AutoStandbyPolicy",
    .members = (const struct schema_member[]){
        { "enabled", &any_boolean, FALLS_BACK_TO_FALSE },          /* INST-DEF-011 */
        { "idle_timeout", &any_string, OPTIONAL },
        { "ignore_source_cidrs", &strings, OPTIONAL },
        { "ignore_destination_ports", &ports, OPTIONAL },                    /* INST-AS-006 */
        { 0 } },
};

static const struct schema scheme = { .type = SCHEMA_STRING, .names = schemes };
static const struct schema http_status = { .type = SCHEMA_INTEGER, .has_min = true, .min = 100,
                                           .has_max = true, .max = 599 };
static const struct schema health_check_http = {
    .type = SCHEMA_OBJECT, .name = "HealthCheckHTTP",
    .members = (const struct schema_member[]){
        { "port", &port, REQUIRED },
        { "path", &any_string, FALLS_BACK_TO("/") },
        { "scheme", &scheme, FALLS_BACK_TO("http") },
        { "expected_status", &http_status, FALLS_BACK_TO_N("200") },
        { 0 } },
};
static const struct schema health_check_tcp = {
    .type = SCHEMA_OBJECT, .name = "HealthCheckTCP",
    .members = (const struct schema_member[]){ { "port", &port, REQUIRED }, { 0 } },
};
static const struct schema command = { .type = SCHEMA_ARRAY, .items = &any_string,
                                       .min_items = 1 };
static const struct schema health_check_exec = {
    .type = SCHEMA_OBJECT, .name = "HealthCheckExec",
    .members = (const struct schema_member[]){
        { "command", &command, REQUIRED },
        { "working_dir", &any_string, OPTIONAL },
        { 0 } },
};
static const struct schema health_check_type = { .type = SCHEMA_STRING,
                                                 .names = health_check_types };
static const struct schema health_check = {
    .type = SCHEMA_OBJECT, .name = "HealthCheck",
    .members = (const struct schema_member[]){                     /* INST-DEF-008, INST-DEF-009 */
        { "type", &health_check_type, FALLS_BACK_TO("none") },
        { "interval", &any_string, FALLS_BACK_TO("10s") },
        { "timeout", &any_string, FALLS_BACK_TO("2s") },
        { "start_period", &any_string, FALLS_BACK_TO("30s") },
        { "failure_threshold", &at_least_1, FALLS_BACK_TO_N("3") },
        { "success_threshold", &at_least_1, FALLS_BACK_TO_N("1") },
        { "http", &health_check_http, OPTIONAL },
        { "tcp", &health_check_tcp, OPTIONAL },
        { "exec", &health_check_exec, OPTIONAL },
        { 0 } },
};

static const struct schema restart_policy_name = { .type = SCHEMA_STRING,
                                                   .names = restart_policies };
static const struct schema restart_policy = {
    .type = SCHEMA_OBJECT, .name = "RestartPolicy",
    .members = (const struct schema_member[]){                     /* INST-DEF-010 */
        { "policy", &restart_policy_name, FALLS_BACK_TO("never") },
        { "backoff", &any_string, FALLS_BACK_TO("5s") },
        { "max_attempts", &at_least_0, FALLS_BACK_TO_N("0") },
        { "stable_after", &any_string, FALLS_BACK_TO("10m") },
        { 0 } },
};

static const struct schema egress_mode = { .type = SCHEMA_STRING, .names = egress_modes };
static const struct schema egress_enforcement = {
    .type = SCHEMA_OBJECT, .name = "CreateInstanceRequestNetworkEgressEnforcement",
    .members = (const struct schema_member[]){
        { "mode", &egress_mode, FALLS_BACK_TO("all") },            /* INST-DEF-012 */
        { 0 } },
};
static const struct schema egress = {
    .type = SCHEMA_OBJECT, .name = "CreateInstanceRequestNetworkEgress",
    .members = (const struct schema_member[]){
        { "enabled", &any_boolean, FALLS_BACK_TO_FALSE },
        { "enforcement", &egress_enforcement, OPTIONAL },
        { 0 } },
};
static const struct schema network = {
    .type = SCHEMA_OBJECT,
    .members = (const struct schema_member[]){
        { "enabled", &any_boolean, FALLS_BACK_TO_TRUE },           /* INST-DEF-003 */
        { "bandwidth_download", &any_string, OPTIONAL },
        { "bandwidth_upload", &any_string, OPTIONAL },
        { "egress", &egress, OPTIONAL },
        { 0 } },
};

static const struct schema credential_source = {
    .type = SCHEMA_OBJECT, .name = "CreateInstanceRequestCredentialSource",
    .members = (const struct schema_member[]){ { "env", &any_string, REQUIRED }, { 0 } },
};
static const struct schema credential_as = {
    .type = SCHEMA_OBJECT, .name = "CreateInstanceRequestCredentialInjectAs",
    .members = (const struct schema_member[]){
        { "header", &any_string, REQUIRED },
        { "format", &any_string, REQUIRED },
        { 0 } },
};
static const struct schema credential_inject = {
    .type = SCHEMA_OBJECT, .name = "CreateInstanceRequestCredentialInject",
    .members = (const struct schema_member[]){
        { "as", &credential_as, REQUIRED },
        { "hosts", &strings, OPTIONAL },
        { 0 } },
};
static const struct schema credential_injects = { .type = SCHEMA_ARRAY,
                                                  .items = &credential_inject, .min_items = 1 };
static const struct schema credential = {
    .type = SCHEMA_OBJECT, .name = "CreateInstanceRequestCredential",
    .members = (const struct schema_member[]){
        { "source", &credential_source, REQUIRED },
        { "inject", &credential_injects, REQUIRED },
        { 0 } },
};
static const struct schema credentials = { .type = SCHEMA_MAP, .items = &credential };

static const struct schema gpu = {
    .type = SCHEMA_OBJECT, .name = "GPUConfig",
    .members = (const struct schema_member[]){ { "profile", &any_string, OPTIONAL }, { 0 } },
};

static const struct schema volume_mount = {
    .type = SCHEMA_OBJECT, .name = "VolumeMount",
    .members = (const struct schema_member[]){                     /* INST-DEF-007 */
        { "volume_id", &any_string, REQUIRED },
        { "mount_path", &any_string, REQUIRED },
        { "readonly", &any_boolean, FALLS_BACK_TO_FALSE },
        { "overlay", &any_boolean, FALLS_BACK_TO_FALSE },
        { "overlay_size", &any_string, OPTIONAL },
        { 0 } },
};
static const struct schema volume_mounts = { .type = SCHEMA_ARRAY, .items = &volume_mount };

static const struct schema hypervisor = { .type = SCHEMA_STRING, .names = hypervisors };
static const struct schema platform = { .type = SCHEMA_STRING, .pattern = &pattern_platform };
const struct schema schema_create_instance = {
    .type = SCHEMA_OBJECT, .name = "CreateInstanceRequest",
    .members = (const struct schema_member[]){
        { "name", &name, REQUIRED },
        { "image", &any_string, REQUIRED },                        /* INST-C-020 */
        { "platform", &platform, OPTIONAL },                                 /* INST-C-027 */
        { "size", &any_string, FALLS_BACK_TO("1GB") },             /* INST-DEF-001 */
        { "hotplug_size", &any_string, OPTIONAL },
        { "overlay_size", &any_string, FALLS_BACK_TO("10GB") },
        { "disk_io_bps", &any_string, OPTIONAL },
        { "vcpus", &any_integer, FALLS_BACK_TO_N("2") },           /* INST-DEF-002 */
        { "env", &string_map, OPTIONAL },
        { "credentials", &credentials, OPTIONAL },
        { "tags", &tags, OPTIONAL },
        { "ttl", &any_string, OPTIONAL },                                    /* NEW-030 */
        { "expires_at", &date_time, OPTIONAL },
        { "network", &network, OPTIONAL },
        { "devices", &strings, OPTIONAL },
        { "gpu", &gpu, OPTIONAL },
        { "volumes", &volume_mounts, OPTIONAL },
        { "hypervisor", &hypervisor, OPTIONAL },                             /* INST-C-040 */
        { "snapshot_policy", &snapshot_policy, OPTIONAL },
        { "auto_standby", &auto_standby, OPTIONAL },
        { "health_check", &health_check, OPTIONAL },
        { "restart_policy", &restart_policy, OPTIONAL },
        { "skip_kernel_headers", &any_boolean, FALLS_BACK_TO_FALSE },
        { "skip_guest_agent", &any_boolean, FALLS_BACK_TO_FALSE },
        { "entrypoint", &strings, OPTIONAL },
        { "cmd", &strings, OPTIONAL },
        { 0 } },
};

/* A policy of a PATCH replaces the stored one, defaults and all (INST-U-012, INST-U-015). */
static const struct schema update_env = { .type = SCHEMA_MAP, .items = &any_string,
                                          .min_members = 1 };              /* INST-U-002 */
const struct schema schema_update_instance = {
    .type = SCHEMA_OBJECT, .name = "UpdateInstanceRequest",
    .members = (const struct schema_member[]){
        { "env", &update_env, OPTIONAL },
        { "auto_standby", &auto_standby, OPTIONAL },
        { "health_check", &health_check, OPTIONAL },
        { "restart_policy", &restart_policy, OPTIONAL },
        { "ttl", &any_string, OPTIONAL },
        { "expires_at", &date_time, OPTIONAL },
        { 0 } },
};

const struct schema schema_standby_instance = {
    .type = SCHEMA_OBJECT, .name = "StandbyInstanceRequest",
    .members = (const struct schema_member[]){
        { "compression", &compression, OPTIONAL },                 /* INST-SB-005, INST-SB-006 */
        { "compression_delay", &any_string, OPTIONAL },
        { 0 } },
};

const struct schema schema_start_instance = {                      /* inline: INST-ST-022 */
    .type = SCHEMA_OBJECT,
    .members = (const struct schema_member[]){
        { "entrypoint", &strings, OPTIONAL },
        { "cmd", &strings, OPTIONAL },
        { 0 } },
};

static const char *const target_states[] = { "Stopped", "Standby", "Running", NULL };
static const struct schema target_state = { .type = SCHEMA_STRING, .names = target_states };
const struct schema schema_fork_instance = {
    .type = SCHEMA_OBJECT, .name = "ForkInstanceRequest",
    .members = (const struct schema_member[]){                     /* INST-FK-001 */
        { "name", &name, REQUIRED },
        { "from_running", &any_boolean, FALLS_BACK_TO_FALSE },
        { "target_state", &target_state, OPTIONAL },
        { 0 } },
};

const struct schema schema_restore_snapshot = {
    .type = SCHEMA_OBJECT, .name = "RestoreSnapshotRequest",
    .members = (const struct schema_member[]){
        { "target_state", &target_state, OPTIONAL },               /* SNAP-R-007 */
        { "target_hypervisor", &hypervisor, OPTIONAL },            /* SNAP-R-008 */
        { 0 } },
};

const struct schema schema_fork_snapshot = {
    .type = SCHEMA_OBJECT, .name = "ForkSnapshotRequest",
    .members = (const struct schema_member[]){
        { "name", &name, REQUIRED },                               /* SNAP-F-007, SNAP-F-008 */
        { "target_state", &target_state, OPTIONAL },               /* SNAP-F-009 */
        { "target_hypervisor", &hypervisor, OPTIONAL },
        { 0 } },
};

const struct schema schema_attach_volume = {
    .type = SCHEMA_OBJECT, .name = "AttachVolumeRequest",
    .members = (const struct schema_member[]){                     /* INST-VOL-001 */
        { "mount_path", &any_string, REQUIRED },
        { "readonly", &any_boolean, FALLS_BACK_TO_FALSE },
        { 0 } },
};

const struct param_rule list_instances_query[] = {
    { .name = "state", .type = PARAM_ENUM, .names = instance_states }, /* INST-L-003 to 005 */
    { .name = "tags", .type = PARAM_TAGS },
    { 0 },
};

const struct param_rule delete_instance_query[] = {
    { .name = "graceful_shutdown", .type = PARAM_BOOLEAN, .fallback = "true" }, /* NEW-080 to 083 */
    { 0 },
};

const struct param_rule wait_query[] = {
    { .name = "state", .type = PARAM_ENUM, .required = true, .names = instance_states },
    { .name = "timeout", .type = PARAM_STRING, .fallback = "60s" },              /* INST-W-010 */
    { 0 },
};

static const char *const log_sources[] = { "app", "vmm", "hypeman", NULL };
const struct param_rule logs_query[] = {
    { .name = "tail", .type = PARAM_INTEGER, .fallback = "100" },    /* INST-LOG-004, INST-LOG-008 */
    { .name = "follow", .type = PARAM_BOOLEAN, .fallback = "false" },              /* INST-LOG-009 */
    { .name = "source", .type = PARAM_ENUM, .names = log_sources, .fallback = "app" },
    { 0 },
};

const struct param_rule stat_query[] = {
    { .name = "path", .type = PARAM_STRING, .required = true },                   /* INST-STAT-001 */
    { .name = "follow_links", .type = PARAM_BOOLEAN, .fallback = "false" },       /* INST-STAT-002 */
    { 0 },
};

const struct param_rule list_snapshots_query[] = {
    { .name = "source_instance_id", .type = PARAM_STRING },                        /* SNAP-L-004 */
    { .name = "kind", .type = PARAM_ENUM, .names = snapshot_kinds }, /* SNAP-L-006, SNAP-L-007 */
    { .name = "name", .type = PARAM_STRING },                                      /* SNAP-L-008 */
    { .name = "tags", .type = PARAM_TAGS },
    { 0 },
};
