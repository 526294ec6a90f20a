/* Each error that the contract lists for an operation on instances and snapshots can be had: one
 * recipe per operation and code, in both truths (common.md sections 7 and 15, instances.md,
 * snapshots.md section 12, NEW-111). The messages are the business of the other tests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mock/api/reasons.h"
#include "mock/api/route.h"
#include "tests/unit/mock/api/script.h"

/* --- what is there before ----------------------------------------------------------------------
 */

#define WEB   "{'name':'web','image':'nginx'}"
#define A_63  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A_64  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A_255 A_64 A_64 A_64 A_63
#define A_256 A_255 "a"

/* clang-format off */
#define BOOTED { NULL, .before = { .wait_ms = 1000 } }
static const struct step nothing[] = { { .request = NULL } };
static const struct step booting[] = { { "POST /instances", WEB, CREATED() } };
static const struct step running[] = { { "POST /instances", WEB, CREATED() }, BOOTED };
static const struct step stopped[] = {
    { "POST /instances", WEB, CREATED() },
    { "POST /instances/web/stop", NULL, OK() },
};
static const struct step asleep[] = {
    { "POST /instances", WEB, CREATED() }, BOOTED,
    { "POST /instances/web/standby", NULL, OK() },
};
static const struct step two_of_one_name[] = {
    { "POST /instances", "{'name':'web','image':'nginx','network':{'enabled':false}}", CREATED() },
    { "POST /instances", "{'name':'web','image':'nginx','network':{'enabled':false}}", CREATED() },
};
static const struct step agentless[] = {
    { "POST /instances", "{'name':'web','image':'nginx','skip_guest_agent':true}", CREATED() },
    BOOTED,
};
static const struct step writable[] = {
    { "POST /instances", "{'name':'web','image':'nginx','volumes':[{'volume_id':'v','mount_path':"
      "'/v'}]}", CREATED() }, BOOTED,
};
static const struct step secretive[] = {
    { "POST /instances", "{'name':'web','image':'nginx','env':{'A':'a'},'network':{'egress':{"
      "'enabled':true}},'credentials':{'c':{'source':{'env':'A'},'inject':[{'as':{'header':'H',"
      "'format':'${value}'}}]}}}", CREATED() },
    { "POST /instances/web/stop", NULL, OK() },
};
static const struct step expired[] = {
    { "POST /instances", "{'name':'web','image':'nginx','ttl':'1ms'}", CREATED() }, BOOTED,
};
/* Of the name of the networked twin. */
static const struct step sleeping_fork[] = {
    { "POST /instances", WEB, CREATED() }, BOOTED,
    { "POST /instances/web/standby", NULL, OK() },
    { "POST /instances/web/fork", "{'name':'twin'}", CREATED(), .keep = "fork" },
    { "POST /instances", "{'name':'twin','image':'nginx'}", CREATED() },
};
static const struct step stopped_fork[] = {
    { "POST /instances", WEB, CREATED() }, BOOTED,
    { "POST /instances/web/stop", NULL, OK() },
    { "POST /instances/web/fork", "{'name':'twin'}", CREATED(), .keep = "fork" },
    { "POST /instances", "{'name':'twin','image':'nginx'}", CREATED() },
};
static const struct step captured[] = {
    { "POST /instances", WEB, CREATED() }, BOOTED,
    { "POST /instances/web/snapshots", "{'kind':'Standby','name':'base'}", CREATED(), .keep = "s" },
    { "POST /instances", "{'name':'other','image':'nginx','vcpus':1}", CREATED() }, BOOTED,
};
static const struct step captured_stopped[] = {
    { "POST /instances", WEB, CREATED() },
    { "POST /instances/web/stop", NULL, OK() },
    { "POST /instances/web/snapshots", "{'kind':'Stopped'}", CREATED(), .keep = "s" },
};
static const struct step stopped_without_image[] = {
    { "POST /instances", WEB, CREATED() },
    { "POST /instances/web/stop", NULL, OK() },
    { NULL, .before = { .image = "nginx", .condition = IMAGE_MISSING } },
};
static const struct step asleep_without_image[] = {
    { "POST /instances", WEB, CREATED() }, BOOTED,
    { "POST /instances/web/standby", NULL, OK() },
    { NULL, .before = { .image = "nginx", .condition = IMAGE_MISSING } },
};
static const struct step captured_without_image[] = {
    { "POST /instances", WEB, CREATED() }, BOOTED,
    { "POST /instances/web/snapshots", "{'kind':'Standby'}", CREATED(), .keep = "s" },
    { "POST /instances/web/stop", NULL, OK() },
    { NULL, .before = { .image = "nginx", .condition = IMAGE_MISSING } },
};
#define IMAGE_IS(name, is) static const struct step name[] = {                                     \
    { NULL, .before = { .image = "nginx", .condition = (is) } } }
IMAGE_IS(image_missing, IMAGE_MISSING);
IMAGE_IS(image_pulled, IMAGE_PULLING);
IMAGE_IS(image_limited, IMAGE_RATE_LIMITED);
IMAGE_IS(image_elsewhere, IMAGE_NO_PLATFORM);
/* On a host for two: nothing is left of it. */
static const struct step full[] = {
    { "POST /instances", WEB, CREATED() },
    { "POST /instances", "{'name':'b','image':'nginx'}", CREATED() }, BOOTED,
};
static const struct step full_and_stopped[] = {
    { "POST /instances", WEB, CREATED() }, BOOTED,
    { "POST /instances/web/snapshots", "{'kind':'Standby'}", CREATED(), .keep = "s" },
    { "POST /instances/web/stop", NULL, OK() },
    { "POST /instances", "{'name':'b','image':'nginx'}", CREATED() },
    { "POST /instances", "{'name':'c','image':'nginx'}", CREATED() },
};
static const struct step full_and_asleep[] = {
    { "POST /instances", WEB, CREATED() }, BOOTED,
    { "POST /instances/web/standby", NULL, OK() },
    { "POST /instances", "{'name':'b','image':'nginx'}", CREATED() },
    { "POST /instances", "{'name':'c','image':'nginx'}", CREATED() },
};
/* clang-format on */

static void usual(struct world_settings *settings)
{
    (void)settings;
}

static void for_two(struct world_settings *settings)
{
    settings->capacity.total[CAPACITY_CPU] = 1;
    settings->capacity.oversub_permille[CAPACITY_NETWORK] = 1000000;
    settings->capacity.oversub_permille[CAPACITY_DISK_IO] = 1000000;
}

/* Where vz has no standby. */
static void old_mac(struct world_settings *settings)
{
    settings->host = (struct host_platform){ HOST_DARWIN, HOST_AMD64 };
    settings->default_hypervisor = HYPERVISOR_VZ;
}

/* --- the recipes -------------------------------------------------------------------------------
 */

struct told {
    int status;
    const char *code;
};

struct recipe {
    const char *operation;
    struct told spec, server; /* server.status 0: the same */
    const struct step *given;
    size_t given_count;
    void (*host)(struct world_settings *settings);
    const char *request, *body;
};

#define GIVEN(steps)    (steps), ARRAY_LEN(steps), usual
#define ON(host, steps) (steps), ARRAY_LEN(steps), host
#define BOTH(http, word)                                                                           \
    { (http), (word) },                                                                            \
    {                                                                                              \
        0, NULL                                                                                    \
    }
#define BUT_SERVER(http, word, server_http, server_word)                                           \
    { (http), (word) },                                                                            \
    {                                                                                              \
        (server_http), (server_word)                                                               \
    }
#define NEW(more) "{'name':'new','image':'nginx'," more "}"

/* clang-format off */
static const struct recipe recipes[] = {
    { "listInstances", BOTH(400, "Bad Request"), GIVEN(nothing), "GET /instances?state=running",
      NULL },

    { "createInstance", BOTH(400, "Bad Request"), GIVEN(nothing), "POST /instances", "{}" },
    { "createInstance", BOTH(400, "invalid_size"), GIVEN(nothing), /* INST-C-010 */
      "POST /instances", NEW("'size':'x'") },
    { "createInstance", BOTH(400, "invalid_hotplug_size"), GIVEN(nothing), /* INST-C-011 */
      "POST /instances", NEW("'hotplug_size':'x'") },
    { "createInstance", BOTH(400, "invalid_overlay_size"), GIVEN(nothing), /* INST-C-012 */
      "POST /instances", NEW("'overlay_size':'x'") },
    { "createInstance", BOTH(400, "invalid_disk_io_bps"), GIVEN(nothing), /* INST-C-013 */
      "POST /instances", NEW("'disk_io_bps':'x'") },
    { "createInstance", BOTH(400, "invalid_ttl"), GIVEN(nothing), /* NEW-041, NEW-111 */
      "POST /instances", NEW("'ttl':'x'") },
    { "createInstance", BOTH(400, "invalid_expires_at"), GIVEN(nothing), /* NEW-043 */
      "POST /instances", NEW("'expires_at':'2020-01-01T00:00:00Z'") },
    { "createInstance", BOTH(400, "invalid_bandwidth_download"), GIVEN(nothing), /* INST-C-014 */
      "POST /instances", NEW("'network':{'bandwidth_download':'x'}") },
    { "createInstance", BOTH(400, "invalid_bandwidth_upload"), GIVEN(nothing),
      "POST /instances", NEW("'network':{'bandwidth_upload':'x'}") },
    { "createInstance", BOTH(400, "invalid_health_check"), GIVEN(nothing), /* INST-C-066 */
      "POST /instances", NEW("'health_check':{'type':'tcp'}") },
    { "createInstance", BOTH(400, "invalid_restart_policy"), GIVEN(nothing), /* INST-C-069 */
      "POST /instances", NEW("'restart_policy':{'policy':'always','backoff':'x'}") },
    { "createInstance", BOTH(400, "invalid_snapshot_policy"), GIVEN(nothing), /* INST-C-016 */
      "POST /instances", NEW("'snapshot_policy':{'compression':{'enabled':true,'level':0}}") },
    { "createInstance", BOTH(400, "invalid_request"), GIVEN(nothing), /* INST-C-055 */
      "POST /instances", NEW("'network':{'enabled':false,'egress':{'enabled':true}}") },
    { "createInstance", BOTH(400, "invalid_platform"), GIVEN(nothing), /* INST-C-028 */
      "POST /instances", NEW("'platform':'windows/amd64'") },
    { "createInstance", BOTH(404, "not_found"), GIVEN(image_missing), /* INST-C-023 */
      "POST /instances", WEB },
    { "createInstance", BOTH(404, "platform_not_available"), GIVEN(image_elsewhere),
      "POST /instances", WEB }, /* INST-C-030 */
    { "createInstance", BOTH(400, "image_not_ready"), GIVEN(image_pulled), /* INST-C-025 */
      "POST /instances", WEB },
    { "createInstance", BOTH(429, "rate_limited"), GIVEN(image_limited), /* INST-C-026 */
      "POST /instances", WEB },
    { "createInstance", BUT_SERVER(409, "name_conflict", 400, "name_conflict"), GIVEN(booting),
      "POST /instances", WEB }, /* INST-N-002 */
    { "createInstance", BOTH(409, "insufficient_resources"), ON(for_two, full), /* INST-C-050 */
      "POST /instances", NEW("'vcpus':1") },
    { "createInstance", BUT_SERVER(400, "invalid_request", 500, "internal_error"), GIVEN(nothing),
      "POST /instances", "{'name':'new','image':'Upper Case'}" }, /* INST-C-022 */
    { "createInstance", BUT_SERVER(409, "conflict", 500, "internal_error"), GIVEN(writable),
      "POST /instances", NEW("'volumes':[{'volume_id':'v','mount_path':'/v'}]") }, /* INST-C-078 */

    { "getInstance", BOTH(404, "not_found"), GIVEN(nothing), "GET /instances/web", NULL },
    { "getInstance", BOTH(409, "ambiguous"), GIVEN(two_of_one_name), "GET /instances/web", NULL },

    { "deleteInstance", BOTH(400, "Bad Request"), GIVEN(booting), /* NEW-082 */
      "DELETE /instances/web?graceful_shutdown=x", NULL },
    { "deleteInstance", BOTH(404, "not_found"), GIVEN(nothing), "DELETE /instances/web", NULL },

    { "updateInstance", BOTH(400, "Bad Request"), GIVEN(booting), "PATCH /instances/web", NULL },
    { "updateInstance", BOTH(400, "invalid_request"), GIVEN(booting), /* INST-U-010 */
      "PATCH /instances/web", "{}" },
    { "updateInstance", BOTH(400, "invalid_health_check"), GIVEN(booting), /* INST-U-016 */
      "PATCH /instances/web", "{'health_check':{'type':'tcp'}}" },
    { "updateInstance", BOTH(400, "invalid_restart_policy"), GIVEN(booting), /* INST-U-020 */
      "PATCH /instances/web", "{'restart_policy':{'policy':'always','backoff':'x'}}" },
    { "updateInstance", BOTH(400, "invalid_ttl"), GIVEN(booting), /* NEW-042 */
      "PATCH /instances/web", "{'ttl':'-1s'}" },
    { "updateInstance", BOTH(400, "invalid_expires_at"), GIVEN(booting), /* NEW-043 */
      "PATCH /instances/web", "{'expires_at':'2020-01-01T00:00:00Z'}" },
    { "updateInstance", BOTH(404, "not_found"), GIVEN(nothing), "PATCH /instances/web", "{}" },
    { "updateInstance", BOTH(409, "invalid_state"), GIVEN(secretive), /* INST-U-032 */
      "PATCH /instances/web", "{'env':{'A':'b'}}" },
    { "updateInstance", BOTH(409, "instance_expired"), GIVEN(expired), /* NEW-048, NEW-054 */
      "PATCH /instances/web", "{'ttl':'0s'}" },

    { "standbyInstance", BOTH(400, "Bad Request"), GIVEN(running),
      "POST /instances/web/standby", "{'compression':{}}" },
    { "standbyInstance", BOTH(400, "invalid_snapshot_compression"),
      GIVEN(running), /* INST-SB-007 */
      "POST /instances/web/standby", "{'compression':{'enabled':true,'level':0}}" },
    { "standbyInstance", BOTH(400, "invalid_compression_delay"), GIVEN(running), /* INST-SB-008 */
      "POST /instances/web/standby", "{'compression_delay':'x'}" },
    { "standbyInstance", BOTH(404, "not_found"), GIVEN(nothing),
      "POST /instances/web/standby", NULL },
    { "standbyInstance", BOTH(409, "invalid_state"), GIVEN(stopped),
      "POST /instances/web/standby", NULL },
    { "standbyInstance", BOTH(500, "internal_error"), ON(old_mac, running), /* SNAP-H-001 */
      "POST /instances/web/standby", NULL },

    { "restoreInstance", BOTH(404, "not_found"), GIVEN(asleep_without_image), /* INST-RS-005 */
      "POST /instances/web/restore", NULL },
    { "restoreInstance", BOTH(409, "invalid_state"), GIVEN(stopped),
      "POST /instances/web/restore", NULL },
    { "restoreInstance", BOTH(409, "insufficient_resources"), ON(for_two, full_and_asleep),
      "POST /instances/web/restore", NULL }, /* INST-RS-006 */
    { "restoreInstance", BUT_SERVER(409, "name_conflict", 500, "internal_error"),
      GIVEN(sleeping_fork), "POST /instances/{fork}/restore", NULL },

    { "forkInstance", BOTH(400, "Bad Request"), GIVEN(stopped), "POST /instances/web/fork", "{}" },
    { "forkInstance", BOTH(404, "not_found"), GIVEN(stopped_without_image), /* INST-FK-035 */
      "POST /instances/web/fork", "{'name':'new','target_state':'Running'}" },
    { "forkInstance", BOTH(409, "invalid_state"), GIVEN(running), /* INST-FK-019 */
      "POST /instances/web/fork", "{'name':'new'}" },
    { "forkInstance", BOTH(409, "name_conflict"), GIVEN(stopped), /* INST-FK-031 */
      "POST /instances/web/fork", "{'name':'web'}" },
    { "forkInstance", BOTH(409, "insufficient_resources"), ON(for_two, full), /* INST-FK-034 */
      "POST /instances/web/fork", "{'name':'new','from_running':true}" },
    { "forkInstance", BOTH(501, "not_supported"), GIVEN(writable), /* INST-FK-033 */
      "POST /instances/web/fork", "{'name':'new','from_running':true}" },
    { "forkInstance", BOTH(500, "internal_error"), ON(old_mac, running), /* SNAP-H-001 */
      "POST /instances/web/fork", "{'name':'new','from_running':true}" },

    { "stopInstance", BOTH(404, "not_found"), GIVEN(nothing), "POST /instances/web/stop", NULL },
    { "stopInstance", BOTH(409, "invalid_state"), GIVEN(asleep), "POST /instances/web/stop", NULL },

    { "startInstance", BOTH(400, "Bad Request"), GIVEN(stopped), "POST /instances/web/start",
      NULL },
    { "startInstance", BOTH(404, "not_found"), GIVEN(stopped_without_image), /* INST-ST-027 */
      "POST /instances/web/start", "{}" },
    { "startInstance", BOTH(409, "invalid_state"), GIVEN(asleep),
      "POST /instances/web/start", "{}" },
    { "startInstance", BOTH(409, "insufficient_resources"), ON(for_two, full_and_stopped),
      "POST /instances/web/start", "{}" }, /* INST-ST-026 */
    { "startInstance", BUT_SERVER(409, "name_conflict", 500, "internal_error"),
      GIVEN(stopped_fork), "POST /instances/{fork}/start", "{}" }, /* INST-ST-029 */

    { "getInstanceLogs", BOTH(400, "Bad Request"), GIVEN(running), /* INST-LOG-008 */
      "GET /instances/web/logs?tail=x", NULL },
    { "getInstanceLogs", BOTH(404, "not_found"), GIVEN(nothing), "GET /instances/web/logs", NULL },
    { "getInstanceLogs", BOTH(404, "log_not_found"), GIVEN(stopped_fork), /* INST-LOG-019 */
      "GET /instances/{fork}/logs", NULL },

    { "statInstancePath", BOTH(400, "Bad Request"), GIVEN(running), /* INST-STAT-001 */
      "GET /instances/web/stat", NULL },
    { "statInstancePath", BOTH(404, "not_found"), GIVEN(nothing),
      "GET /instances/web/stat?path=/", NULL },
    { "statInstancePath", BOTH(409, "invalid_state"), GIVEN(stopped), /* INST-STAT-003 */
      "GET /instances/web/stat?path=/", NULL },
    { "statInstancePath", BOTH(500, "internal_error"), GIVEN(agentless), /* INST-STAT-009 */
      "GET /instances/web/stat?path=/", NULL },

    { "getInstanceStats", BOTH(404, "not_found"), GIVEN(nothing), "GET /instances/web/stats",
      NULL },

    { "waitForInstanceState", BOTH(400, "Bad Request"), GIVEN(running), /* INST-W-001 */
      "GET /instances/web/wait", NULL },
    { "waitForInstanceState", BOTH(400, "invalid_state"), GIVEN(running), /* INST-W-003 */
      "GET /instances/web/wait?state=Unknown", NULL },
    { "waitForInstanceState", BOTH(400, "invalid_timeout"), GIVEN(running), /* INST-W-004 */
      "GET /instances/web/wait?state=Stopped&timeout=x", NULL },
    { "waitForInstanceState", BOTH(404, "not_found"), GIVEN(nothing),
      "GET /instances/web/wait?state=Running", NULL },

    { "getAutoStandbyStatus", BOTH(404, "not_found"), GIVEN(nothing),
      "GET /instances/web/auto-standby/status", NULL },
    { "holdAutoStandby", BOTH(404, "not_found"), GIVEN(nothing),
      "POST /instances/web/auto-standby/hold", NULL },
    { "holdAutoStandby", BOTH(409, "instance_in_standby"), GIVEN(asleep), /* INST-AS-043 */
      "POST /instances/web/auto-standby/hold", NULL },

    { "attachVolume", BOTH(400, "Bad Request"), GIVEN(running), /* INST-VOL-001 */
      "POST /instances/web/volumes/v", "{}" },
    { "attachVolume", BUT_SERVER(400, "invalid_request", 500, "not_implemented"), GIVEN(running),
      "POST /instances/web/volumes/v", "{'mount_path':'v'}" },
    { "attachVolume", BOTH(404, "not_found"), GIVEN(nothing), /* INST-VOL-002 */
      "POST /instances/web/volumes/v", "{'mount_path':'/v'}" },
    { "attachVolume", BUT_SERVER(409, "conflict", 500, "not_implemented"), GIVEN(writable),
      "POST /instances/web/volumes/v", "{'mount_path':'/w'}" }, /* INST-VOL-003 */
    { "detachVolume", BUT_SERVER(404, "not_found", 500, "not_implemented"), GIVEN(running),
      "DELETE /instances/web/volumes/v", NULL }, /* INST-VOL-004 */

    { "createInstanceSnapshot", BOTH(400, "Bad Request"), GIVEN(running), /* SNAP-C-007 */
      "POST /instances/web/snapshots", "{}" },
    { "createInstanceSnapshot", BOTH(400, "invalid_snapshot_compression"), GIVEN(running),
      "POST /instances/web/snapshots", /* COMP-006 */
      "{'kind':'Standby','compression':{'enabled':true,'level':0}}" },
    { "createInstanceSnapshot", BOTH(400, "invalid_request"), GIVEN(running), /* SNAP-C-026 */
      "POST /instances/web/snapshots", "{'kind':'Standby','tags':{'':''}}" },
    { "createInstanceSnapshot", BOTH(404, "not_found"), GIVEN(nothing), /* SNAP-C-040 */
      "POST /instances/web/snapshots", "{'kind':'Standby'}" },
    { "createInstanceSnapshot", BOTH(409, "ambiguous"), GIVEN(two_of_one_name), /* SNAP-I-004 */
      "POST /instances/web/snapshots", "{'kind':'Standby'}" },
    { "createInstanceSnapshot", BOTH(409, "conflict"), GIVEN(captured), /* SNAP-C-013 */
      "POST /instances/web/snapshots", "{'kind':'Standby','name':'base'}" },
    { "createInstanceSnapshot", BOTH(501, "not_supported"), GIVEN(writable), /* SNAP-C-018 */
      "POST /instances/web/snapshots", "{'kind':'Standby'}" },
    { "createInstanceSnapshot", BUT_SERVER(501, "not_supported", 500, "internal_error"),
      ON(old_mac, running), "POST /instances/web/snapshots",
      "{'kind':'Standby'}" }, /* SNAP-C-034 */

    { "getInstanceSnapshotSchedule", BOTH(404, "not_found"), GIVEN(running), /* SCHED-G-002 */
      "GET /instances/web/snapshot-schedule", NULL },
    { "setInstanceSnapshotSchedule", BOTH(400, "Bad Request"), GIVEN(running), /* SCHED-P-003 */
      "PUT /instances/web/snapshot-schedule", "{}" },
    { "setInstanceSnapshotSchedule", BOTH(400, "invalid_request"), GIVEN(running), /* SCHED-P-008 */
      "PUT /instances/web/snapshot-schedule", "{'interval':'1h','retention':{}}" },
    { "setInstanceSnapshotSchedule", BOTH(404, "not_found"), GIVEN(nothing), /* SCHED-P-027 */
      "PUT /instances/web/snapshot-schedule", "{'interval':'1h','retention':{'max_count':1}}" },
    { "deleteInstanceSnapshotSchedule", BOTH(404, "not_found"), GIVEN(running), /* SCHED-D-002 */
      "DELETE /instances/web/snapshot-schedule", NULL },

    { "restoreInstanceSnapshot", BOTH(400, "Bad Request"), GIVEN(captured), /* SNAP-R-007 */
      "POST /instances/web/snapshots/{s}/restore", "{'target_state':'x'}" },
    { "restoreInstanceSnapshot", BOTH(400, "invalid_request"), GIVEN(captured), /* SNAP-R-018 */
      "POST /instances/other/snapshots/{s}/restore", "{}" },
    { "restoreInstanceSnapshot", BOTH(404, "not_found"), GIVEN(captured), /* SNAP-R-016 */
      "POST /instances/web/snapshots/s/restore", "{}" },
    { "restoreInstanceSnapshot", BOTH(404, "not_found"), GIVEN(captured_without_image),
      "POST /instances/web/snapshots/{s}/restore", "{}" }, /* SNAP-R-025 */
    { "restoreInstanceSnapshot", BOTH(409, "invalid_state"), GIVEN(captured), /* SNAP-R-019 */
      "POST /instances/web/snapshots/{s}/restore", "{}" },
    { "restoreInstanceSnapshot", BUT_SERVER(409, "invalid_state", 400, "invalid_request"),
      GIVEN(captured_stopped), "POST /instances/web/snapshots/{s}/restore", /* SNAP-R-006 */
      "{'target_state':'Standby'}" },
    { "restoreInstanceSnapshot", BOTH(500, "internal_error"), ON(for_two, full_and_stopped),
      "POST /instances/web/snapshots/{s}/restore", "{}" }, /* SNAP-R-027 */

    { "listSnapshots", BOTH(400, "Bad Request"), GIVEN(nothing), "GET /snapshots?kind=x", NULL },
    { "getSnapshot", BUT_SERVER(404, "not_found", 500, "internal_error"), GIVEN(nothing),
      "GET /snapshots/" A_256, NULL }, /* SNAP-I-010 */
    { "getSnapshot", BOTH(404, "not_found"), GIVEN(nothing), "GET /snapshots/" A_255, NULL },
    { "deleteSnapshot", BUT_SERVER(404, "not_found", 500, "internal_error"), GIVEN(nothing),
      "DELETE /snapshots/" A_256, NULL },
    { "deleteSnapshot", BOTH(404, "not_found"), GIVEN(nothing), "DELETE /snapshots/s", NULL },

    { "forkSnapshot", BOTH(400, "Bad Request"), GIVEN(captured), /* SNAP-F-007 */
      "POST /snapshots/{s}/fork", "{}" },
    { "forkSnapshot", BOTH(400, "invalid_request"), GIVEN(captured), /* SNAP-F-015 */
      "POST /snapshots/{s}/fork", "{'name':'new','target_hypervisor':'qemu'}" },
    { "forkSnapshot", BOTH(404, "not_found"), GIVEN(nothing), /* SNAP-F-010 */
      "POST /snapshots/s/fork", "{'name':'new'}" },
    { "forkSnapshot", BOTH(409, "conflict"), GIVEN(captured), /* SNAP-F-012 */
      "POST /snapshots/{s}/fork", "{'name':'web'}" },
    { "forkSnapshot", BUT_SERVER(409, "conflict", 400, "invalid_request"), GIVEN(captured_stopped),
      "POST /snapshots/{s}/fork", "{'name':'new','target_state':'Standby'}" }, /* SNAP-F-006 */
    { "forkSnapshot", BOTH(409, "insufficient_resources"), ON(for_two, full_and_stopped),
      "POST /snapshots/{s}/fork", "{'name':'new'}" }, /* SNAP-F-022 */
    { "forkSnapshot", BOTH(500, "internal_error"), GIVEN(captured_without_image), /* SNAP-F-020 */
      "POST /snapshots/{s}/fork", "{'name':'new'}" },
};
/* clang-format on */

static const struct route *route_of(const char *operation)
{
    for (const struct route *route = routes; route->path != NULL; route++) {
        if (strcmp(route->operation_id, operation) == 0)
            return route;
    }
    fail_msg("no operation %s", operation);
    return NULL;
}

static struct told told_in(const struct recipe *recipe, enum truth truth)
{
    return truth == TRUTH_SERVER && recipe->server.status != 0 ? recipe->server : recipe->spec;
}

static void follow(struct api_fixture *f, const struct recipe *recipe, enum truth truth)
{
    enum { MAX_STEPS = 8 };
    struct world_settings settings = world_settings_default();
    struct step steps[MAX_STEPS];
    const struct told told = told_in(recipe, truth);
    assert_true(recipe->given_count < MAX_STEPS);
    memcpy(steps, recipe->given, recipe->given_count * sizeof *steps);
    steps[recipe->given_count] = (struct step){
        .request = recipe->request, .body = recipe->body, .status = told.status, .code = told.code
    };
    recipe->host(&settings);
    f->truth = truth;
    api_restart(f, &settings);
    play(f, steps, recipe->given_count + 1);
}

/* --- each is explained --------------------------------------------------------------------------
 */

enum { MAX_REASONS = 160 };

/* By a row that names rules, and not by the last one, which is for everything. */
static void check_explained(const struct api_fixture *f, const struct recipe *recipe,
                            bool *explained)
{
    const struct reason *reason = reason_find(&f->res.trace);

    if (reason == NULL || reason->rules[0] == '\0' || strcmp(reason->rules, "ERR-007") == 0)
        fail_msg("%s %s is not explained", recipe->operation, f->res.trace.code);
    explained[reason - reasons] = true;
}

/* What no recipe of this table comes to: gates, what several operations share, and what is refused
 * only after a wait. The tests of /_mock/explain have them. */
static bool has_no_recipe(const struct reason *reason)
{
    return reason->step != STEP_OPERATION || reason->operation == NULL ||
           strcmp(reason->rules, "INST-W-009") == 0;
}

static void every_error_is_explained_and_every_explanation_is_of_one(void **state)
{
    bool explained[MAX_REASONS] = { 0 };
    struct api_fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(recipes); i++) {
        if (route_of(recipes[i].operation)->run == NULL)
            continue;
        follow(f, &recipes[i], TRUTH_SPEC);
        check_explained(f, &recipes[i], explained);
        follow(f, &recipes[i], TRUTH_SERVER);
        check_explained(f, &recipes[i], explained);
    }
    for (size_t i = 0; reasons[i].because != NULL; i++) {
        assert_true(i < MAX_REASONS);
        if (!explained[i] && !has_no_recipe(&reasons[i]))
            fail_msg("nothing is explained by %s %s: %s", reasons[i].operation, reasons[i].code,
                     reasons[i].because);
    }
}

static void every_error_can_be_had_in_both_truths(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(recipes); i++) {
        if (route_of(recipes[i].operation)->run == NULL)
            continue; /* answered 501 until it is there */
        follow(*state, &recipes[i], TRUTH_SPEC);
        follow(*state, &recipes[i], TRUTH_SERVER);
    }
}

/* --- none is missing ----------------------------------------------------------------------------
 */

/* What the description lists and no request can bring about, in either truth. (common.md section 7
 * also has already_exists for createInstance; instances.md knows no case of it.) */
static const struct {
    const char *operation;
    int status;
    const char *why;
} unreachable[] = {
    { "listInstances", 500, "the mock's store cannot fail" },
    { "getInstance", 500, "likewise" },
    { "deleteInstance", 500, "likewise" },
    { "updateInstance", 500, "likewise" },
    { "stopInstance", 500, "likewise: a simulated guest always ends" },
    { "getInstanceLogs", 500, "the mock needs no program to read them" },
    { "getInstanceStats", 500, "nothing is measured" },
    { "waitForInstanceState", 500, "nothing can fail" },
    { "getAutoStandbyStatus", 500, "likewise" },
    { "holdAutoStandby", 500, "likewise" },
    { "getInstanceSnapshotSchedule", 500, "the mock's store cannot fail" },
    { "setInstanceSnapshotSchedule", 500, "likewise" },
    { "deleteInstanceSnapshotSchedule", 500, "likewise" },
    { "listSnapshots", 500, "SNAP-L-025" },
    { "restoreInstanceSnapshot", 501, "SNAP-R-038" },
    { "forkSnapshot", 501, "SNAP-F-035" },
};

static bool is_told(const char *operation, enum truth truth, int status, const char *code)
{
    for (size_t i = 0; i < ARRAY_LEN(recipes); i++) {
        const struct told told = told_in(&recipes[i], truth);
        if (strcmp(recipes[i].operation, operation) == 0 && told.status == status &&
            (code == NULL || strcmp(told.code, code) == 0))
            return true;
    }
    return false;
}

static bool is_told_at_all(const char *operation, int status)
{
    return is_told(operation, TRUTH_SPEC, status, NULL) ||
           is_told(operation, TRUTH_SERVER, status, NULL);
}

static bool is_unreachable(const char *operation, int status)
{
    for (size_t i = 0; i < ARRAY_LEN(unreachable); i++) {
        if (strcmp(unreachable[i].operation, operation) == 0 && unreachable[i].status == status)
            return true;
    }
    return false;
}

static char *read_contract(const char *path)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    char *text = calloc(1, 1 << 20);
    assert_non_null(text);
    assert_true(fread(text, 1, (1 << 20) - 1, file) > 0);
    (void)fclose(file);
    return text;
}

static struct text nth_cell(struct text row, size_t n)
{
    struct text cell = { 0 };
    for (size_t i = 0; i <= n; i++)
        cell = text_split(&row, '|');
    while (cell.len > 0 && cell.data[0] == ' ')
        cell = (struct text){ cell.data + 1, cell.len - 1 };
    while (cell.len > 0 && cell.data[cell.len - 1] == ' ')
        cell.len--;
    return cell;
}

static bool is_about_instances_or_snapshots(struct text path)
{
    return text_starts_with(path, TEXT("/instances")) || text_starts_with(path, TEXT("/snapshots"));
}

/* | # | method | path | operationId | scope | request | success | documented errors | */
static size_t check_documented(struct text row)
{
    char operation[64];
    size_t checked = 0;
    struct text path = nth_cell(row, 3); /* in backquotes */
    path = (struct text){ path.data + 1, path.len - 1 };
    snprintf(operation, sizeof operation, TEXT_FMT, TEXT_ARGS(nth_cell(row, 4)));
    if (!is_about_instances_or_snapshots(path))
        return 0;
    for (struct text rest = nth_cell(row, 8); rest.data != NULL && rest.len > 0; checked++) {
        const struct text word = text_split(&rest, ' ');
        const int status =
            (word.data[0] - '0') * 100 + (word.data[1] - '0') * 10 + (word.data[2] - '0');
        const bool told = status == 401 || is_told_at_all(operation, status);
        if (told == is_unreachable(operation, status))
            fail_msg("%s %d: %s", operation, status, told ? "is reachable" : "no recipe");
    }
    return checked;
}

static void every_documented_status_has_a_recipe_or_a_reason(void **state)
{
    (void)state;
    char *common = read_contract(CONTRACT_DIRECTORY "/common.md");
    const char *table = strstr(common, "| # | method | path | operationId |");
    assert_non_null(table);
    size_t checked = 0;
    for (struct text rest = text_of(table); rest.data != NULL;) {
        const struct text row = text_split(&rest, '\n');
        if (row.len == 0 || row.data[0] != '|')
            break;
        if (nth_cell(row, 3).len > 0 && nth_cell(row, 3).data[0] == '`')
            checked += check_documented(row);
    }
    assert_in_range(checked, 80, 120);
    free(common);
}

/* Whether a row of an operation's own table of errors has one, in the truths it is for. */
static bool has_recipe(const char *operation, const struct error_row *row)
{
    if (row->differs == DIVERGENCE_NONE)
        return is_told(operation, TRUTH_SPEC, row->status, row->code) ||
               is_told(operation, TRUTH_SERVER, row->status, row->code);
    return is_told(operation, TRUTH_SPEC, row->spec_status, row->spec_code) &&
           is_told(operation, TRUTH_SERVER, row->status, row->code);
}

static void every_error_of_a_route_has_a_recipe(void **state)
{
    size_t checked = 0;
    (void)state;
    for (const struct route *route = routes; route->path != NULL; route++) {
        const struct error_row *row = route->errors;
        if (row == NULL || !is_about_instances_or_snapshots(text_of(route->path)))
            continue;
        for (; row->when != ERROR_NONE; row++, checked++) {
            if (!has_recipe(route->operation_id, row))
                fail_msg("%s %d %s: no recipe", route->operation_id, row->status, row->code);
        }
    }
    assert_true(checked > 40);
}

/* Without a token nobody is told anything (AUTH-010); ids that fit several are 409 (INST-ID-005).
 */
static void the_gates_answer_for_every_operation(void **state)
{
    struct api_fixture *f = *state;
    play(f, two_of_one_name, ARRAY_LEN(two_of_one_name));
    for (const struct route *route = routes; route->path != NULL; route++) {
        char target[128];
        const char *id = strstr(route->path, "{id}");
        if (route->run == NULL || route->resolver != RESOLVE_INSTANCE)
            continue;
        snprintf(target, sizeof target, "/instances/web%s?path=/&state=Running",
                 id + strlen("{id}"));
        for (char *brace = target; (brace = strpbrk(brace, "{}")) != NULL;)
            *brace = 'x';
        send_request(
            f, route->method, target,
            "{\"kind\":\"Standby\",\"name\":\"a\",\"mount_path\":\"/a\",\"interval\":\"1h\","
            "\"retention\":{\"max_count\":1}}");
        expect_json(
            f, 409,
            "{\"code\":\"ambiguous\",\"message\":\"multiple resources match, use full ID\"}");
        f->token = NULL;
        send_request(f, route->method, target, NULL);
        expect_status(f, 401);
        expect_contains(f, "{\"code\":\"Unauthorized\",");
        f->token = "Bearer test";
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, api_setup, api_teardown)
    const struct CMUnitTest tests[] = {
        TEST(every_error_can_be_had_in_both_truths),
        TEST(every_error_is_explained_and_every_explanation_is_of_one),
        TEST(every_documented_status_has_a_recipe_or_a_reason),
        TEST(every_error_of_a_route_has_a_recipe),
        TEST(the_gates_answer_for_every_operation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
