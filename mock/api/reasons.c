#include "mock/api/reasons.h"

#include <assert.h>
#include <string.h>

#include "mock/api/route.h"

static const char *const step_names[] = {
    [STEP_NONE] = "",
    [STEP_TARGET] = "the request line and the headers",
    [STEP_ROUTE] = "the path and its methods",
    [STEP_TOKEN] = "the bearer token",
    [STEP_IMPLEMENTED] = "whether this mock has the operation",
    [STEP_PARAMETERS] = "the parameters in path and query",
    [STEP_BODY] = "the body",
    [STEP_SCOPE] = "what the token allows",
    [STEP_INSTANCE] = "the instance that the path names",
    [STEP_BINDING] = "the typed values of path, query and body",
    [STEP_OPERATION] = "the operation itself",
};
static_assert(ARRAY_LEN(step_names) == PIPELINE_STEP_COUNT, "one name per step");

const char *pipeline_step_name(enum pipeline_step step)
{
    return step_names[step];
}

#define GATE(where, word, ids, sentence)                                                           \
    {                                                                                              \
        .step = STEP_##where, .code = (word), .rules = (ids), .because = (sentence)                \
    }
#define OF(id, word, ids, sentence)                                                                \
    {                                                                                              \
        .step = STEP_OPERATION, .operation = (id), .code = (word), .rules = (ids),                 \
        .because = (sentence)                                                                      \
    }
#define ABOUT(id, word, what, ids, sentence)                                                       \
    {                                                                                              \
        .step = STEP_OPERATION, .operation = (id), .code = (word), .field = (what),                \
        .rules = (ids), .because = (sentence)                                                      \
    }

/* clang-format off */
const struct reason reasons[] = {
    GATE(TARGET, NULL, "HTTP-004", "a request target must be a path whose percent escapes can be decoded"),
    GATE(ROUTE, "method_not_allowed", "HTTP-022", "the path is known, but not with this method"),
    GATE(ROUTE, "Method Not Allowed", "HTTP-025", "a literal path hides one with a parameter, and has no such method"),
    GATE(ROUTE, "Not Found", "SNAP-X-014", "a segment of the path is empty"),
    GATE(ROUTE, NULL, "HTTP-020 HTTP-022", "the API has no operation of this path and method; that is judged before everything else (PIPE-007)"),
    GATE(TOKEN, NULL, "AUTH-001 AUTH-010", "every operation but GET /health needs \"Authorization: Bearer TOKEN\" with a token that is accepted; that is judged before parameters and body (PIPE-001)"),
    GATE(IMPLEMENTED, NULL, "", "the API has this operation and this mock does not, yet"),
    GATE(PARAMETERS, "request_too_large", "", "a request gets only so much memory"),
    GATE(PARAMETERS, NULL, "VALID-001 PIPE-005", "a parameter of the query is not as the API description has it; parameters are judged before the body"),
    GATE(BODY, "request_too_large", "", "a request gets only so much memory"),
    GATE(BODY, NULL, "VALID-001 VALID-030 VALID-031", "the body must be there, be declared and written as JSON, and fit the schema of the API description, in this order; whether the resource exists is looked at later (PIPE-004)"),
    GATE(SCOPE, NULL, "SCOPE-005 PIPE-003", "the token's permissions do not have the scope that the operation needs; that is judged before the resource is looked for"),
    GATE(INSTANCE, "ambiguous", "RESOLVE-002", "several instances have this name or a beginning of their ids like this; the whole id is needed"),
    GATE(INSTANCE, "internal_error", "PATH-005", "an identifier with a NUL byte cannot be looked up"),
    GATE(INSTANCE, "request_too_large", "", "a request gets only so much memory"),
    GATE(INSTANCE, NULL, "RESOLVE-001 RESOLVE-007", "no instance has this id or name, and no id begins so; matching is exact and case-sensitive"),
    GATE(BINDING, "request_too_large", "", "a request gets only so much memory"),
    GATE(BINDING, "Bad Request", "BIND-001 BIND-002 BIND-003", "a value passes the schema and cannot be read as its type: an escape, a parameter given twice, a number written with a point or too large"),
    GATE(BINDING, "invalid_compression_delay", "INST-SB-008", "compression_delay must be a duration of 0 or more"),
    GATE(BINDING, NULL, "BIND-001 BIND-002 BIND-003", "a value cannot be read as its type"),

    ABOUT(NULL, "internal_error", "transition", "ERR-006", "a test asked for it to fail, by POST /_mock/instances/{id}/fail or by a tag of the resource"),
    OF("createInstance", "invalid_size", "INST-C-010", "size must be a size such as \"1GB\""),
    OF("createInstance", "invalid_hotplug_size", "INST-C-011", "hotplug_size must be a size such as \"1GB\""),
    OF("createInstance", "invalid_overlay_size", "INST-C-012", "overlay_size must be a size such as \"1GB\""),
    OF("createInstance", "invalid_disk_io_bps", "INST-C-013", "disk_io_bps must be a rate such as \"100MB/s\""),
    OF("createInstance", "invalid_ttl", "NEW-041 NEW-111", "ttl must be a duration of 0 or more"),
    OF("createInstance", "invalid_expires_at", "NEW-043", "expires_at must be a time to come"),
    OF("createInstance", "invalid_bandwidth_download", "INST-C-014", "bandwidths must be rates such as \"1Gbps\""),
    OF("createInstance", "invalid_bandwidth_upload", "INST-C-014", "bandwidths must be rates such as \"1Gbps\""),
    OF("createInstance", "invalid_health_check", "INST-C-066", "the health check lacks what its type needs, or has values out of range"),
    OF("createInstance", "invalid_restart_policy", "INST-C-069", "the restart policy's durations and counts must be readable and in range"),
    OF("createInstance", "invalid_snapshot_policy", "INST-C-016", "the snapshot policy's compression must be possible"),
    OF("createInstance", "invalid_platform", "INST-C-028", "platform must be linux/amd64 or linux/arm64"),
    OF("createInstance", "invalid_request", "INST-C-055", "the members do not fit together, or are out of range"),
    OF("createInstance", "rate_limited", "INST-C-026", "the registry of the image refuses to be asked so often"),
    OF("createInstance", "platform_not_available", "INST-C-030", "the image is not there for this platform"),
    OF("createInstance", "image_not_ready", "INST-C-024 INST-C-025", "the image is still being pulled, or could not be"),
    OF("createInstance", "not_found", "INST-C-023", "the image, or something else that the body names, is not there"),
    OF("createInstance", "name_conflict", "INST-N-002 INST-C-035", "another instance with a network has this name"),
    OF("createInstance", "insufficient_resources", "INST-C-050", "the host has not enough left of what the instance asks for"),
    OF("createInstance", "conflict", "INST-C-078", "a volume is attached elsewhere, and not only for reading"),
    ABOUT("createInstance", "internal_error", "image", "INST-C-022 ERR-006", "the image's reference cannot be read"),
    ABOUT("createInstance", "internal_error", "volumes", "INST-C-078 ERR-006", "a volume is attached elsewhere, or its place cannot be"),

    OF("updateInstance", "invalid_request", "INST-U-010", "a PATCH must change something, and only what can be changed"),
    OF("updateInstance", "invalid_health_check", "INST-U-016", "the health check lacks what its type needs, or has values out of range"),
    OF("updateInstance", "invalid_restart_policy", "INST-U-020", "the restart policy's durations and counts must be readable and in range"),
    OF("updateInstance", "invalid_ttl", "NEW-042", "ttl must be a duration of 0 or more"),
    OF("updateInstance", "invalid_expires_at", "NEW-043", "expires_at must be a time to come"),
    OF("updateInstance", "instance_expired", "NEW-048 NEW-054", "its time is over, and cannot be prolonged any more"),
    OF("updateInstance", "invalid_state", "INST-U-032", "the environment can be changed only while the guest is up"),

    OF("standbyInstance", "invalid_snapshot_compression", "INST-SB-007", "the compression's algorithm has no such level"),
    OF("standbyInstance", "invalid_compression_delay", "INST-SB-008", "compression_delay must be a duration of 0 or more"),
    OF("standbyInstance", "invalid_state", "INST-SB-013 INST-SB-014 INST-SB-015", "only a Running instance can go to standby, and none with a vGPU (instances.md 10.1)"),
    OF("restoreInstance", "not_found", "INST-RS-005", "the image of the instance is no longer there"),
    OF("restoreInstance", "invalid_state", "INST-RS-004", "only an instance in Standby can be restored (instances.md 10.1)"),
    OF("restoreInstance", "insufficient_resources", "INST-RS-006", "the host has not enough left to bring it up"),
    OF("restoreInstance", "name_conflict", "INST-ST-029", "meanwhile another instance with a network has taken the name of this fork"),
    ABOUT("restoreInstance", "internal_error", "name", "INST-ST-029", "meanwhile another instance with a network has taken the name of this fork"),
    OF("forkInstance", "invalid_state", "INST-FK-019 INST-FK-020", "a Running instance can be forked only with from_running, others only when Stopped or in Standby"),
    OF("forkInstance", "name_conflict", "INST-FK-030 INST-FK-031", "another instance has the name that the fork is to get"),
    OF("forkInstance", "not_found", "INST-FK-035", "the image of the instance is no longer there"),
    OF("forkInstance", "insufficient_resources", "INST-FK-034", "the host has not enough left to bring the fork up"),
    OF("forkInstance", "not_supported", "INST-FK-033", "two instances cannot write to one volume"),
    OF("stopInstance", "invalid_state", "INST-ST-012", "an instance in Standby has to be restored before it can be stopped (instances.md 10.1)"),
    OF("startInstance", "not_found", "INST-ST-027", "the image of the instance is no longer there"),
    OF("startInstance", "invalid_state", "INST-ST-028", "only a Stopped instance can be started; one in Standby is restored (instances.md 10.1)"),
    OF("startInstance", "insufficient_resources", "INST-ST-026", "the host has not enough left to bring it up"),
    OF("startInstance", "name_conflict", "INST-ST-029", "meanwhile another instance with a network has taken the name of this fork"),
    ABOUT("startInstance", "internal_error", "name", "INST-ST-029", "meanwhile another instance with a network has taken the name of this fork"),

    OF("getInstanceLogs", "log_not_found", "INST-LOG-016 INST-LOG-019", "there is no such log: the instance has never run, or has no agent that would write it"),
    OF("statInstancePath", "invalid_state", "INST-STAT-003", "files can be looked at only while the instance is Running"),
    OF("statInstancePath", "internal_error", "INST-STAT-009", "there is no agent in the guest that could look"),
    OF("waitForInstanceState", "invalid_state", "INST-W-003", "nobody can wait for Unknown"),
    OF("waitForInstanceState", "invalid_timeout", "INST-W-004 INST-W-005", "timeout must be a duration above 0"),
    OF("waitForInstanceState", "not_found", "INST-W-009", "the instance was deleted while somebody waited for it"),
    OF("holdAutoStandby", "instance_in_standby", "INST-AS-043", "an instance that is in Standby already cannot be held up"),
    OF("attachVolume", "invalid_request", "INST-VOL-001", "mount_path must be absolute, and not where the system is"),
    OF("attachVolume", "conflict", "INST-VOL-003", "the volume is attached already, and not only for reading"),
    OF("detachVolume", "not_found", "INST-VOL-004", "the volume is not attached"),
    OF(NULL, "not_implemented", "INST-VOL-003 INST-VOL-004", "the real server cannot attach or detach; so it is with --truth server"),

    OF("createInstanceSnapshot", "invalid_snapshot_compression", "COMP-006", "the compression's algorithm has no such level"),
    OF("createInstanceSnapshot", "invalid_request", "SNAP-C-026", "a tag's key or value is not allowed"),
    OF("createInstanceSnapshot", "conflict", "SNAP-C-004 SNAP-C-005 SNAP-C-013", "a Standby snapshot needs a source in Running or Standby, a Stopped one a source in Stopped, and a name can be had once per instance"),
    OF("createInstanceSnapshot", "not_supported", "SNAP-C-018 SNAP-C-034", "a volume could be written to by two, or the hypervisor has no standby on this host"),
    ABOUT("createInstanceSnapshot", "internal_error", "hypervisor", "SNAP-C-034", "the hypervisor has no standby on this host"),
    OF("restoreInstanceSnapshot", "invalid_request", "SNAP-R-006 SNAP-R-018", "the snapshot is of another instance, or cannot become what is asked for"),
    OF("restoreInstanceSnapshot", "invalid_state", "SNAP-R-006 SNAP-R-019", "a snapshot can take the place of an instance that is not up, and become only what its kind allows"),
    OF("restoreInstanceSnapshot", "not_found", "SNAP-R-016 SNAP-R-025", "the snapshot, or the image of what it captured, is not there"),
    OF("restoreInstanceSnapshot", "internal_error", "SNAP-R-027", "the host has not enough left to bring it up"),
    OF("getSnapshot", "internal_error", "SNAP-I-010", "an id that no file could have as its name cannot be looked up"),
    OF("deleteSnapshot", "internal_error", "SNAP-I-010", "an id that no file could have as its name cannot be looked up"),
    OF("forkSnapshot", "invalid_request", "SNAP-F-006 SNAP-F-015", "the snapshot cannot become what is asked for"),
    OF("forkSnapshot", "not_found", "SNAP-F-010", "there is no snapshot of this id"),
    OF("forkSnapshot", "conflict", "SNAP-F-006 SNAP-F-012", "another instance has the name, or the snapshot cannot become what is asked for"),
    OF("forkSnapshot", "insufficient_resources", "SNAP-F-022", "the host has not enough left to bring the fork up"),
    OF("forkSnapshot", "internal_error", "SNAP-F-020", "the image of what was captured is no longer there"),
    OF("getInstanceSnapshotSchedule", "not_found", "SCHED-G-002", "the instance has no schedule"),
    OF("deleteInstanceSnapshotSchedule", "not_found", "SCHED-D-002", "the instance has no schedule"),
    OF("setInstanceSnapshotSchedule", "invalid_request", "SCHED-P-008", "interval, retention, name or tags are out of range, or do not fit together"),

    ABOUT(NULL, "internal_error", "hypervisor", "SNAP-H-001", "the hypervisor has no standby on this host"),
    OF(NULL, "not_found", "PIPE-008", "what the request names is not there"),
    OF(NULL, "request_too_large", "", "a request gets only so much memory"),
    OF(NULL, "internal_error", "ERR-006", "the fault is the server's, which hides what it is behind this message"),
    OF(NULL, NULL, "ERR-007", "the operation refuses it"),
    { .because = NULL },
};
/* clang-format on */

static bool is_word(const char *wanted, const char *word)
{
    return wanted == NULL || (word != NULL && strcmp(wanted, word) == 0);
}

const struct reason *reason_find(const struct trace *trace)
{
    const char *operation = trace->route == NULL ? NULL : trace->route->operation_id;
    /* Also one that has waited before it refuses; not what a fault says. */
    const bool late = trace->refused == STEP_NONE && trace->code != NULL && trace->fault == NULL;
    const enum pipeline_step step = late ? STEP_OPERATION : trace->refused;

    if (step == STEP_NONE)
        return NULL;
    for (const struct reason *row = reasons; row->because != NULL; row++) {
        if (row->step == step && is_word(row->operation, operation) &&
            is_word(row->code, trace->code) && is_word(row->field, trace->field))
            return row;
    }
    return NULL;
}

#define UP      (FROM_STATE(INSTANCE_RUNNING) | FROM_STATE(INSTANCE_INITIALIZING))
#define SETTLED (FROM_STATE(INSTANCE_STOPPED) | FROM_STATE(INSTANCE_STANDBY))

const struct permission permissions[] = {
    { "standbyInstance", FROM_STATE(INSTANCE_RUNNING) | FROM_STATE(INSTANCE_STANDBY), "" },
    { "restoreInstance", UP | FROM_STATE(INSTANCE_STANDBY), "" },
    { "stopInstance", UP | FROM_STATE(INSTANCE_STOPPED), "" },
    { "startInstance", UP | FROM_STATE(INSTANCE_STOPPED), "" },
    { "forkInstance", SETTLED, "" },
    { "forkInstance", SETTLED | FROM_STATE(INSTANCE_RUNNING), "from_running" },
    { "createInstanceSnapshot", FROM_STATE(INSTANCE_RUNNING) | FROM_STATE(INSTANCE_STANDBY),
      "kind Standby" },
    { "createInstanceSnapshot", FROM_STATE(INSTANCE_STOPPED), "kind Stopped" },
    { "statInstancePath", FROM_STATE(INSTANCE_RUNNING), "" },
    { "updateInstance", UP, "env" },
    { "deleteInstance", UINT32_MAX, "" },
    { .operation = NULL },
};
