/* Snapshots put back and forked as a client sees them: snapshots.md sections 7 to 9, COMP-018 to
 * COMP-025. Every kind, state, target and host: tests/unit/mock/domain/target_test.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mock/domain/snapshot_force.h"
#include "tests/unit/mock/api/script.h"

#define WEB           "{'name':'web','image':'nginx'}"
#define INVALID(text) REFUSED(400, "invalid_request", "invalid request: " text)
#define RUNNING_SOURCE                                                                             \
    REFUSED(409, "invalid_state",                                                                  \
            "invalid state transition: cannot restore snapshot while source is Running")
#define NO_SNAPSHOT REFUSED(404, "not_found", "snapshot not found")
#define NO_ROOM                                                                                    \
    "insufficient resources: insufficient CPU: requested 2 vCPUs, but only 0 available "           \
    "(currently "                                                                                  \
    "allocated: 4, effective limit: 4 with 4.0x oversubscription)"

/* --- requests --------------------------------------------------------------------------------- */

static void requests_are_judged_by_their_schemas(void **state)
{
#define STATES "value is not one of the allowed values [\"Stopped\",\"Standby\",\"Running\"]"
#define HYPERVISORS                                                                                \
    "value is not one of the allowed values "                                                      \
    "[\"cloud-hypervisor\",\"firecracker\",\"qemu\",\"qemu-microvm\",\"vz\"]"
#define RESTORE_ERROR(text) BODY_ERROR("RestoreSnapshotRequest", "Error at " text)
#define FORK_ERROR(text)    BODY_ERROR("ForkSnapshotRequest", "Error at " text)
#define MISSING_BODY        BAD_REQUEST("request body has an error: value is required but missing")
    /* clang-format off */
    static const struct step steps[] = {
        { "POST /instances/nobody/snapshots/s/restore", NULL, MISSING_BODY }, /* SNAP-X-015 */
        { "POST /instances/nobody/snapshots/s/restore", "{'target_state':'Paused'}",
          RESTORE_ERROR("\"/target_state\": " STATES) }, /* SNAP-R-007 */
        { "POST /instances/nobody/snapshots/s/restore", "{'target_state':''}",
          RESTORE_ERROR("\"/target_state\": " STATES) },
        { "POST /instances/nobody/snapshots/s/restore", "{'target_state':null}",
          RESTORE_ERROR("\"/target_state\": " STATES) },
        { "POST /instances/nobody/snapshots/s/restore", "{'target_hypervisor':'xen'}",
          RESTORE_ERROR("\"/target_hypervisor\": " HYPERVISORS) }, /* SNAP-R-008 */
        { "POST /instances/nobody/snapshots/s/restore", "{'target_hypervisor':''}",
          RESTORE_ERROR("\"/target_hypervisor\": " HYPERVISORS) },
        { "POST /instances/nobody/snapshots/s/restore", "{}", UNKNOWN_ID }, /* SNAP-R-017 */
        { "POST /snapshots/s/fork", NULL, MISSING_BODY },
        { "POST /snapshots/s/fork", "{}", /* SNAP-F-007, SNAP-F-011 */
          FORK_ERROR("\"/name\": property \"name\" is missing") },
        { "POST /snapshots/s/fork", "{'name':'A'}", /* SNAP-F-008 */
          FORK_ERROR("\"/name\": string doesn't match the regular expression "
                     "\"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$\"") },
        { "POST /snapshots/s/fork",
          "{'name':'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'}",
          FORK_ERROR("\"/name\": maximum string length is 63") },
        { "POST /snapshots/s/fork", "{'name':'a','target_state':'stopped'}", /* SNAP-F-009 */
          FORK_ERROR("\"/target_state\": " STATES) },
        { "POST /snapshots/s/fork", "{'name':'a','target_hypervisor':'QEMU'}",
          FORK_ERROR("\"/target_hypervisor\": " HYPERVISORS) },
        { "POST /snapshots/s/fork", "{'name':'a'}", NO_SNAPSHOT }, /* SNAP-F-010 */
    };
    /* clang-format on */
    play(*state, steps, ARRAY_LEN(steps));
}

/* --- restore: section 7 ----------------------------------------------------------------------- */

static void a_standby_snapshot_is_put_back(void **state)
{
    /* clang-format off */
    static const struct step steps[] = {
        { "POST /instances", WEB, CREATED(), .keep = "web" },
        { "POST /instances/web/snapshots", "{'kind':'Standby'}", CREATED(), .keep = "s",
          .before = { .wait_ms = 1000 } },
        { "POST /instances/web/snapshots/{s}/restore", "{}", RUNNING_SOURCE }, /* SNAP-R-019 */
        { "POST /instances/web/stop", NULL, OK("'exit_code':143"), .before = { .wait_ms = 1000 } },
        { "POST /instances/web/snapshots/{s}/restore", "{}", /* SNAP-R-001, SNAP-R-033 */
          OK("'state':'Running'", "'started_at':null", "'stopped_at':null", "'exit_code':null",
             "'has_snapshot':false", "'ip':'10.100.0.2'", "'id':'{web}'", "'name':'web'"),
          .lacks = { "exit_message" }, .before = { .wait_ms = 1000 } },
        /* Its phases go on from the capture (SNAP-R-036). */
        { "GET /instances/web", NULL, OK("'current_phase':'running'",
          "'current_phase_since':'2026-01-01T00:00:03Z'",
          "'phase_durations_ms':{'initializing':250,'running':750,'standby':2000}") },
        { "POST /instances/web/standby", NULL, OK() }, /* SNAP-R-024 */
        /* SNAP-R-002, SNAP-R-032 */
        { "POST /instances/web/snapshots/{s}/restore", "{'target_state':'Standby'}",
          OK("'state':'Standby'", "'has_snapshot':true", "'started_at':null", "'stopped_at':null",
             "'current_phase':'standby'", "'current_phase_since':'2026-01-01T00:00:01Z'") },
        { "POST /instances/web/snapshots/{s}/restore", "{'target_state':'Stopped'}",
          OK("'state':'Stopped'", "'has_snapshot':false", "'current_phase':'standby'",
             "'started_at':null") }, /* SNAP-R-003 */
        { "POST /instances/web/snapshots/{s}/restore", "{'target_hypervisor':'firecracker'}",
          INVALID("target_hypervisor is only allowed for stopped snapshots") }, /* SNAP-R-009 */
        { "POST /instances/web/start", "{}", OK("'started_at':'2026-01-01T00:00:03Z'") },
        /* SNAP-R-023 */
        { "POST /instances/web/snapshots/{s}/restore", "{'target_state':'Running'}",
          OK("'state':'Running'", "'ip':'10.100.0.2'") },
        { "GET /snapshots/{s}", NULL, OK("'source_instance_id':'{web}'") }, /* SNAP-R-029 */
    };
    /* clang-format on */
    play(*state, steps, ARRAY_LEN(steps));
}

static void a_stopped_snapshot_is_put_back(void **state)
{
    /* clang-format off */
    static const struct step steps[] = {
        { "POST /instances", WEB, CREATED(), .keep = "web" },
        { "POST /instances/web/stop", NULL, OK(), .before = { .wait_ms = 1000 } },
        { "POST /instances/web/snapshots", "{'kind':'Stopped'}", CREATED(), .keep = "s" },
        { "POST /instances/web/snapshots/{s}/restore", "{}", /* SNAP-R-004 */
          OK("'state':'Stopped'", "'started_at':null", "'stopped_at':null", "'exit_code':null"),
          .lacks = { "exit_message" } },
        { "POST /instances/web/snapshots/{s}/restore", "{'target_state':'Running'}",
          OK("'state':'Initializing'", "'started_at':'2026-01-01T00:00:03Z'", "'stopped_at':null",
             "'id':'{web}'"), .before = { .wait_ms = 2000 } }, /* SNAP-R-005, SNAP-R-034 */
        { "GET /instances/web", NULL, OK("'state':'Running'"), .before = { .wait_ms = 250 } },
        { "POST /instances/web/stop", NULL, OK() },
        /* SNAP-R-006 */
        { "POST /instances/web/snapshots/{s}/restore", "{'target_state':'Standby'}",
          REFUSED(409, "invalid_state",
                  "invalid request: invalid target_state \"Standby\" for snapshot kind Stopped") },
        { "POST /instances/web/snapshots/{s}/restore", "{'target_hypervisor':'vz'}",
          INVALID("unsupported target hypervisor \"vz\"") }, /* SNAP-R-010, SNAP-H-002 */
        { "POST /instances/web/snapshots/{s}/restore", /* SNAP-R-022 */
          "{'target_state':'Standby','target_hypervisor':'vz'}",
          REFUSED(409, "invalid_state",
                  "invalid request: invalid target_state \"Standby\" for snapshot kind Stopped") },
        /* SNAP-R-011 */
        { "POST /instances/web/snapshots/{s}/restore", "{'target_hypervisor':'qemu'}",
          OK("'hypervisor':'qemu'") },
        { "GET /snapshots/{s}", NULL, OK("'source_hypervisor':'firecracker'") },
        { "POST /instances/web/snapshots", "{'kind':'Stopped'}",
          CREATED("'source_hypervisor':'qemu'") },
        { "POST /instances/web/snapshots/{s}/restore", "{'target_hypervisor':'firecracker'}",
          OK("'hypervisor':'firecracker'") }, /* SNAP-R-012 */
    };
    /* clang-format on */
    play(*state, steps, ARRAY_LEN(steps));
}

/* Everything but id, name and deadline goes back to what it was at capture. */
static void a_restore_undoes_what_was_changed_since_the_capture(void **state)
{
    /* clang-format off */
    static const struct step steps[] = {
        { "POST /instances",
          "{'name':'web','image':'nginx','tags':{'a':'b'},'env':{'K':'old'},'network':{'egress':{"
          "'enabled':true}},'credentials':{'c':{'source':{'env':'K'},'inject':[{'as':{'header':'H',"
          "'format':'${value}'}}]}},'auto_standby':{'enabled':true,'idle_timeout':'1h'}}",
          CREATED(), .keep = "web" },
        { "POST /instances/web/snapshots", "{'kind':'Standby','tags':{'own':'tag'}}", CREATED(),
          .keep = "s", .before = { .wait_ms = 1000 } },
        { "PATCH /instances/web",
          "{'env':{'K':'new'},'restart_policy':{'policy':'always'},'auto_standby':{},'ttl':'1h'}",
          OK("'expires_at':'2026-01-01T01:00:01Z'") },
        { "POST /instances/web/volumes/v", "{'mount_path':'/v'}", OK("'volume_id':'v'") },
        { "POST /instances/web/stop", NULL, OK() },
        { "POST /instances/web/start", "{'cmd':['x']}", OK("'ip':'10.100.0.3'") },
        { "POST /instances/web/stop", NULL, OK() },
        { "POST /instances/web/snapshots/{s}/restore", "{}", /* SNAP-R-030, SNAP-R-031 */
          OK("'id':'{web}'", "'name':'web'", "'created_at':'2026-01-01T00:00:00Z'",
             "'env':{'K':'old'}", "'tags':{'a':'b'}",
             "'auto_standby':{'enabled':true,'idle_timeout':'1h0m0s'}",
             "'ip':'10.100.0.2','mac':'02:00:00:00:00:01'",
             "'expires_at':'2026-01-01T01:00:01Z'"), /* NEW-069 */
          .lacks = { "restart_policy", "restart_status", "'volumes'", "'own'" } },
        { "POST /instances", "{'name':'new','image':'nginx','volumes':[{'volume_id':'v',"
          "'mount_path':'/v'}]}", CREATED("'ip':'10.100.0.3'") },
    };
    /* clang-format on */
    play(*state, steps, ARRAY_LEN(steps));
}

static void only_its_own_snapshots_are_put_back_into_an_instance(void **state)
{
#define NEITHER REFUSED(404, "not_found", "instance or snapshot not found")
    /* clang-format off */
    static const struct step steps[] = {
        { "POST /instances", WEB, CREATED(), .keep = "web" },
        { "POST /instances/web/snapshots", "{'kind':'Standby','name':'base'}", CREATED(),
          .keep = "s", .before = { .wait_ms = 1000 } },
        { "POST /instances/web/fork", "{'name':'copy','from_running':true}", CREATED() },
        { "POST /instances/copy/snapshots/{s}/restore", "{'target_state':'Stopped',"
          "'target_hypervisor':'vz'}", /* SNAP-R-018, SNAP-R-020 */
          INVALID("snapshot {s} belongs to instance {web}") },
        { "GET /snapshots?source_instance_id={web}", NULL, OK("'id':'{s}'") },
        { "POST /instances/web/snapshots/base/restore", "{}", NEITHER }, /* SNAP-I-008 */
        { "POST /instances/web/snapshots/{web}/restore", "{}", NEITHER }, /* SNAP-R-016 */
        { "POST /instances/web/snapshots/{s}/restore", /* SNAP-R-021 */
          "{'target_hypervisor':'vz'}", RUNNING_SOURCE },
        { "DELETE /instances/web", NULL, GONE },
        { "POST /instances/{web}/snapshots/{s}/restore", "{}", UNKNOWN_ID }, /* SNAP-S-011 */
        { "POST /instances", WEB, CREATED() }, /* of the same name, and somebody else */
        { "POST /instances/web/snapshots/{s}/restore", "{}",
          INVALID("snapshot {s} belongs to instance {web}") },
        { "DELETE /snapshots/{s}", NULL, GONE },
        { "POST /instances/web/snapshots/{s}/restore", "{}", NEITHER }, /* SNAP-D-002 */
    };
    /* clang-format on */
    play(*state, steps, ARRAY_LEN(steps));
}

static void on_a_host_for_two(struct api_fixture *f)
{
    struct world_settings settings = *world_settings(f->world);
    settings.capacity.total[CAPACITY_CPU] = 1;
    settings.capacity.oversub_permille[CAPACITY_NETWORK] = 1000000;
    settings.capacity.oversub_permille[CAPACITY_DISK_IO] = 1000000;
    api_restart(f, &settings);
}

/* The disk has been replaced by then: the instance is as the snapshot is, and not up. */
static void a_restore_that_cannot_run_leaves_the_instance_at_rest(void **state)
{
#define GONE_IMAGE REFUSED(404, "not_found", "instance image not found")
#define FAILED     REFUSED(500, "internal_error", "failed to restore snapshot")
    /* clang-format off */
    static const struct step steps[] = {
        { "POST /instances", WEB, CREATED() },
        { "POST /instances/web/snapshots", "{'kind':'Standby'}", CREATED(), .keep = "standby",
          .before = { .wait_ms = 1000 } },
        { "POST /instances/web/stop", NULL, OK() },
        { "POST /instances/web/snapshots", "{'kind':'Stopped'}", CREATED(), .keep = "stopped" },
        { "POST /instances/web/snapshots/{standby}/restore", "{}", GONE_IMAGE, /* SNAP-R-025 */
          .before = { .image = "nginx", .condition = IMAGE_MISSING } },
        { "GET /instances/web", NULL, OK("'state':'Standby'", "'has_snapshot':true",
          "'stopped_at':null") },
        { "POST /instances/web/snapshots/{stopped}/restore", "{'target_state':'Running'}",
          GONE_IMAGE },
        { "GET /instances/web", NULL, OK("'state':'Stopped'", "'started_at':null") },
        /* SNAP-R-026: what does not run does not need it */
        { "POST /instances/web/snapshots/{standby}/restore", "{'target_state':'Standby'}",
          OK("'state':'Standby'") },
        { "POST /instances/web/snapshots/{stopped}/restore", "{}", OK("'state':'Stopped'") },
        { "POST /instances", "{'name':'a','image':'alpine'}", CREATED() },
        { "POST /instances", "{'name':'b','image':'alpine'}", CREATED() },
        { "POST /instances/web/snapshots/{standby}/restore", "{}", FAILED, /* SNAP-R-027 */
          .before = { .image = "nginx", .condition = IMAGE_READY } },
        { "GET /instances/web", NULL, OK("'state':'Standby'") },
        { "POST /instances/web/snapshots/{stopped}/restore", "{'target_state':'Running'}", FAILED },
        { "GET /instances/web", NULL, OK("'state':'Stopped'") },
        { "DELETE /instances/a", NULL, GONE },
        { "POST /instances/web/snapshots/{standby}/restore", "{}", OK("'state':'Running'") },
    };
    /* clang-format on */
    on_a_host_for_two(*state);
    play(*state, steps, ARRAY_LEN(steps));
}

/* No two instances ever hold one address or write one volume (INST-J-034, INST-C-078). */
static void a_restore_takes_nothing_from_others(void **state)
{
    /* clang-format off */
    static const struct step steps[] = {
        { "POST /instances",
          "{'name':'web','image':'nginx','volumes':[{'volume_id':'v','mount_path':"
          "'/v','readonly':true}]}", CREATED("'ip':'10.100.0.2'") },
        { "POST /instances/web/snapshots", "{'kind':'Standby'}", CREATED(), .keep = "s",
          .before = { .wait_ms = 1000 } },
        { "DELETE /instances/web/volumes/v", NULL, OK() },
        { "POST /instances/web/stop", NULL, OK() },
        { "POST /instances/web/start", "{}", OK("'ip':'10.100.0.3','mac':'02:00:00:00:00:02'") },
        { "POST /instances/web/stop", NULL, OK() },
        { "POST /instances", "{'name':'new','image':'nginx','volumes':[{'volume_id':'v',"
          "'mount_path':'/v'}]}", CREATED("'ip':'10.100.0.2','mac':'02:00:00:00:00:03'") },
        /* Its own address then stays, and the volume is only listed, as a fork's. */
        { "POST /instances/web/snapshots/{s}/restore", "{}",
          OK("'state':'Running'", "'ip':'10.100.0.3','mac':'02:00:00:00:00:02'",
             "'volume_id':'v'") },
        { "GET /instances/new", NULL, OK("'ip':'10.100.0.2'") },
        { "DELETE /instances/new", NULL, GONE },
        { "POST /instances", "{'name':'new','image':'nginx','volumes':[{'volume_id':'v',"
          "'mount_path':'/v'}]}", CREATED("'ip':'10.100.0.2','mac':'02:00:00:00:00:04'") },
    };
    /* clang-format on */
    play(*state, steps, ARRAY_LEN(steps));
}

/* --- fork: section 8 -------------------------------------------------------------------------- */

static void a_standby_snapshot_is_forked(void **state)
{
    /* clang-format off */
    static const struct step steps[] = {
        { "POST /instances",
          "{'name':'web','image':'nginx','tags':{'a':'b'},'vcpus':1,'env':{'K':'v'},'ttl':'1h',"
          "'restart_policy':{'policy':'always'},'volumes':[{'volume_id':'v','mount_path':'/v',"
          "'readonly':true}]}", CREATED(), .keep = "web" },
        { "POST /instances/web/snapshots", "{'kind':'Standby','name':'base','tags':{'own':'tag'}}",
          CREATED(), .keep = "s", .before = { .wait_ms = 1000 } },
        { "POST /snapshots/{s}/fork", "{'name':'a'}", /* SNAP-F-001, SNAP-F-024 */
          CREATED("'state':'Running'", "'name':'a'", "'created_at':'2026-01-01T00:00:02Z'",
                  "'ip':'10.100.0.3','mac':'02:00:00:00:00:02'", /* SNAP-F-028 */
                  "'started_at':null", "'stopped_at':null", "'exit_code':null", /* SNAP-F-026 */
                  "'phase_durations_ms':{'initializing':250,'running':750,'standby':1000}"),
          .lacks = { "{web}", "exit_message", "restart_status", "'own'" }, .keep = "a",
          .before = { .wait_ms = 1000 } }, /* SNAP-F-030 */
        { "GET /instances/a", NULL, /* SNAP-F-025, NEW-067 */
          OK("'tags':{'a':'b'}", "'env':{'K':'v'}", "'vcpus':1", "'image':'nginx'",
             "'restart_policy':{", "'volume_id':'v'", "'expires_at':null",
             "'hypervisor':'firecracker'") },
        { "POST /snapshots/{s}/fork", "{'name':'b','target_state':'Standby'}", /* SNAP-F-002 */
          CREATED("'state':'Standby'", "'has_snapshot':true", "'enabled':true,'ip':'','mac':'',"
                  "'name':'default'", "'current_phase':'standby'",
                  "'current_phase_since':'2026-01-01T00:00:01Z'") }, /* SNAP-F-027 */
        { "POST /snapshots/{s}/fork", "{'name':'c','target_state':'Stopped'}", /* SNAP-F-003 */
          CREATED("'state':'Stopped'", "'has_snapshot':false", "'current_phase':'standby'") },
        { "POST /snapshots/{s}/fork", "{'name':'d','target_hypervisor':'firecracker'}",
          INVALID("target_hypervisor is only allowed for stopped snapshots") }, /* SNAP-F-015 */
        { "POST /instances/b/restore", NULL, OK("'ip':'10.100.0.4'") },
        { "POST /instances/c/start", "{}", OK("'ip':'10.100.0.5'") },
        { "POST /snapshots/{s}/fork", "{'name':'base'}", CREATED() }, /* SNAP-F-017 */
        { "POST /snapshots/{s}/fork", "{'name':'{web}'}", CREATED() }, /* SNAP-F-031 */
        /* The source has no part in it (SNAP-F-019); the snapshot stays its own (SNAP-F-033). */
       
       
        { "GET /instances/web", NULL, OK("'id':'{web}'", "'state':'Running'",
          "'stopped_at':'2026-01-01T00:00:01Z'") },
        { "GET /snapshots?source_instance_id={a}", NULL, LIST("[]\n") },
        { "POST /instances/{a}/snapshots/{s}/restore", "{}",
          INVALID("snapshot {s} belongs to instance {web}") },
        { "DELETE /instances/{web}", NULL, GONE },
        { "POST /snapshots/{s}/fork", "{'name':'web'}", CREATED() }, /* SNAP-F-018, SNAP-S-010 */
        { "DELETE /instances/a", NULL, GONE },
        { "GET /snapshots/{s}", NULL, OK("'id':'{s}'") }, /* SNAP-F-032, SNAP-F-034 */
        { "DELETE /snapshots/{s}", NULL, GONE },
        { "GET /instances/b", NULL, OK("'state':'Running'") }, /* SNAP-D-004 */
        { "POST /snapshots/{s}/fork", "{'name':'e'}", NO_SNAPSHOT },
    };
    /* clang-format on */
    play(*state, steps, ARRAY_LEN(steps));
}

static void a_stopped_snapshot_is_forked(void **state)
{
    /* clang-format off */
    static const struct step steps[] = {
        { "POST /instances", "{'name':'web','image':'nginx','network':{'enabled':false}}",
          CREATED() },
        { "POST /instances/web/stop", NULL, OK(), .before = { .wait_ms = 1000 } },
        { "POST /instances/web/snapshots", "{'kind':'Stopped'}", CREATED(), .keep = "s" },
        { "POST /snapshots/{s}/fork", "{'name':'a'}", /* SNAP-F-004 */
          CREATED("'state':'Stopped'", "'started_at':null", "'stopped_at':null",
                  "'enabled':false,'ip':null,'mac':null") },
        { "POST /snapshots/{s}/fork", "{'name':'b','target_state':'Running'}", /* SNAP-F-005 */
          CREATED("'state':'Initializing'", "'started_at':'2026-01-01T00:00:01Z'") },
        { "GET /instances/b", NULL, OK("'state':'Running'"), .before = { .wait_ms = 250 } },
        { "POST /snapshots/{s}/fork", "{'name':'c','target_state':'Standby'}", /* SNAP-F-006 */
          REFUSED(409, "conflict",
                  "invalid request: invalid target_state \"Standby\" for snapshot kind Stopped") },
        { "POST /snapshots/{s}/fork", /* SNAP-F-029 */
          "{'name':'c','target_hypervisor':'cloud-hypervisor','target_state':'Stopped'}",
          CREATED("'hypervisor':'cloud-hypervisor'") },
        { "POST /snapshots/{s}/fork", "{'name':'d','target_hypervisor':'vz'}", /* SNAP-F-016 */
          INVALID("unsupported target hypervisor \"vz\"") },
        { "GET /instances/d", NULL, UNKNOWN_ID },
    };
    /* clang-format on */
    play(*state, steps, ARRAY_LEN(steps));
}

static void a_fork_of_a_snapshot_needs_a_name_that_no_instance_has(void **state)
{
#define TAKEN(name)                                                                                \
    REFUSED(409, "conflict", "instance already exists: instance name '" name "' already exists")
    /* clang-format off */
    static const struct step steps[] = {
        { "POST /instances", WEB, CREATED() },
        { "POST /instances", "{'name':'offline','image':'nginx','network':{'enabled':false}}",
          CREATED() },
        { "POST /instances/web/stop", NULL, OK() },
        { "POST /instances/web/snapshots", "{'kind':'Stopped'}", CREATED(), .keep = "s" },
        { "POST /snapshots/{s}/fork", "{'name':'web'}", TAKEN("web") }, /* SNAP-F-012 */
        { "POST /snapshots/{s}/fork", "{'name':'offline'}", TAKEN("offline") },
        { "POST /snapshots/{s}/fork", /* SNAP-F-013 */
          "{'name':'web','target_state':'Standby','target_hypervisor':'vz'}", TAKEN("web") },
        { "POST /snapshots/s/fork", "{'name':'web'}", NO_SNAPSHOT }, /* SNAP-F-014 */
        { "DELETE /instances/web", NULL, GONE },
        { "POST /snapshots/{s}/fork", "{'name':'web'}", CREATED() },
    };
    /* clang-format on */
    play(*state, steps, ARRAY_LEN(steps));
}

static void a_fork_of_a_snapshot_that_cannot_run_is_removed_again(void **state)
{
#define NO_FORK REFUSED(500, "internal_error", "failed to fork snapshot")
    /* clang-format off */
    static const struct step steps[] = {
        { "POST /instances", WEB, CREATED() },
        { "POST /instances/web/snapshots", "{'kind':'Standby'}", CREATED(), .keep = "s",
          .before = { .wait_ms = 1000 } },
        { "POST /instances", "{'name':'other','image':'nginx'}", CREATED() },
        { "POST /snapshots/{s}/fork", "{'name':'a'}", /* SNAP-F-022 */
          REFUSED(409, "insufficient_resources", "apply snapshot fork target state: " NO_ROOM) },
        { "GET /instances/a", NULL, UNKNOWN_ID },
        { "DELETE /instances/other", NULL, GONE },
        { "POST /snapshots/{s}/fork", "{'name':'a'}", NO_FORK, /* SNAP-F-020 */
          .before = { .image = "nginx", .condition = IMAGE_MISSING } },
        { "GET /instances/a", NULL, UNKNOWN_ID }, /* SNAP-F-023 */
        /* SNAP-F-021: what does not run does not need it */
        { "POST /snapshots/{s}/fork", "{'name':'a','target_state':'Standby'}", CREATED() },
        { "POST /snapshots/{s}/fork", "{'name':'b','target_state':'Stopped'}", CREATED() },
    };
    /* clang-format on */
    on_a_host_for_two(*state);
    play(*state, steps, ARRAY_LEN(steps));
}

/* --- compression meanwhile: section 10 -------------------------------------------------------- */

#define COMPRESSED_CAPTURE "{'kind':'Standby','compression':{'enabled':true}}"
#define UNTOUCHED          "'compression_state':'compressing'"
#define CALLED_OFF                                                                                 \
    "'compressed_size_bytes':null,'compression_error':null,'compression_state':'none'",            \
        "'size_bytes':11821715456", "'uncompressed_size_bytes':null"

static void a_restore_or_fork_calls_compression_off_for_good(void **state)
{
    /* clang-format off */
    static const struct step steps[] = {
        { "POST /instances", WEB, CREATED(), .keep = "web" },
        { "POST /instances/web/snapshots", COMPRESSED_CAPTURE, CREATED(UNTOUCHED), .keep = "a",
          .before = { .wait_ms = 1000 } },
        { "POST /instances/web/snapshots", COMPRESSED_CAPTURE, CREATED(UNTOUCHED), .keep = "b" },
        /* What is refused disturbs nothing (COMP-023). */
        { "POST /instances/web/snapshots/{a}/restore", "{}", RUNNING_SOURCE },
        { "POST /snapshots/{a}/fork", "{'name':'web'}", TAKEN("web") },
        { "POST /snapshots/{a}/fork", "{'name':'a','target_hypervisor':'qemu'}",
          INVALID("target_hypervisor is only allowed for stopped snapshots") },
        { "GET /snapshots/{a}", NULL, OK(UNTOUCHED) },
        { "POST /snapshots/{a}/fork", "{'name':'fork','target_state':'Stopped'}", CREATED() },
        /* COMP-018, SNAP-S-013 */
        { "GET /snapshots/{a}", NULL, OK(CALLED_OFF), .lacks = { "'compression':" } },
        { "POST /instances/web/stop", NULL, OK() },
        { "POST /instances/web/snapshots/{b}/restore", "{'target_state':'Stopped'}", OK() },
        /* COMP-019 */
        { "GET /snapshots/{b}", NULL, OK(CALLED_OFF), .lacks = { "'compression':" } },
        { "GET /snapshots", NULL, OK("'id':'{a}'", "'id':'{b}'"),
          .lacks = { "'compressed'", "compressing" }, .before = { .wait_ms = 60000 } },
    };
    /* clang-format on */
    play(*state, steps, ARRAY_LEN(steps));
}

static void a_compressed_snapshot_stays_so(void **state)
{
#define COMPRESSED                                                                                 \
    "'compressed_size_bytes':322122547", "'compression_state':'compressed'",                       \
        "'size_bytes':11070096179", "'uncompressed_size_bytes':1073741824"
    /* clang-format off */
    static const struct step steps[] = {
        { "POST /instances", WEB, CREATED() },
        { "POST /instances/web/snapshots", COMPRESSED_CAPTURE, CREATED("'size_bytes':11821715456"),
          .keep = "s", .before = { .wait_ms = 1000 } },
        /* COMP-022 */
        { "GET /snapshots/{s}", NULL, OK(COMPRESSED), .before = { .wait_ms = 1000 } },
        { "POST /snapshots/{s}/fork", "{'name':'fork'}", CREATED() }, /* COMP-020 */
        { "GET /snapshots/{s}", NULL, OK(COMPRESSED) }, /* SNAP-C-043 */
        { "POST /instances/web/stop", NULL, OK() },
        { "POST /instances/web/snapshots/{s}/restore", "{}", OK() }, /* COMP-021 */
        { "GET /snapshots/{s}", NULL, OK(COMPRESSED) },
        { "POST /instances/web/snapshots", COMPRESSED_CAPTURE, CREATED(UNTOUCHED), .keep = "t" },
        { "DELETE /instances/web", NULL, GONE }, /* SNAP-S-012 */
        { "GET /snapshots/{t}", NULL, OK(COMPRESSED), .before = { .wait_ms = 1000 } },
        { "DELETE /snapshots/{t}", NULL, GONE },
    };
    /* clang-format on */
    /* clang-format off */
    static const struct step deleted[] = {
        { "POST /instances", WEB, CREATED() },
        { "POST /instances/web/snapshots", COMPRESSED_CAPTURE, CREATED(UNTOUCHED), .keep = "s",
          .before = { .wait_ms = 1000 } },
        { "DELETE /snapshots/{s}", NULL, GONE }, /* SNAP-D-005, COMP-024 */
        { "GET /snapshots/{s}", NULL, NO_SNAPSHOT },
        { "GET /snapshots", NULL, OK(), .lacks = { "{s}" }, .before = { .wait_ms = 1000 } },
    };
    /* clang-format on */
    play(*state, steps, ARRAY_LEN(steps));
    play(*state, deleted, ARRAY_LEN(deleted));
}

static void a_snapshot_whose_compression_failed_can_still_be_used(void **state) /* COMP-025 */
{
#define BROKEN                                                                                     \
    "'compressed_size_bytes':null,'compression':{'algorithm':'zstd','enabled':true,'level':1},"    \
    "'compression_error':'write compressed stream: no space left on device',"                      \
    "'compression_state':'error'",                                                                 \
        "'size_bytes':11821715456", "'uncompressed_size_bytes':null"
    /* clang-format off */
    static const struct step before[] = {
        { "POST /instances", WEB, CREATED() },
        { "POST /instances/web/snapshots", COMPRESSED_CAPTURE, CREATED(),
          .before = { .wait_ms = 1000 } },
    };
    /* clang-format on */
    /* clang-format off */
    static const struct step after[] = {
        { "GET /snapshots?kind=Standby", NULL, OK(BROKEN), .keep = "s" },
        { "POST /snapshots/{s}/fork", "{'name':'fork'}", CREATED("'state':'Running'") },
        { "POST /instances/web/stop", NULL, OK() },
        { "POST /instances/web/snapshots/{s}/restore", "{}", OK("'state':'Running'") },
        { "GET /snapshots/{s}", NULL, OK(BROKEN), .before = { .wait_ms = 60000 } },
    };
    /* clang-format on */
    struct api_fixture *f = *state;
    const struct snapshot *failed = NULL;
    struct error err = { 0 };
    play(f, before, ARRAY_LEN(before));
    keep_id(f);
    assert_true(snapshot_fail_compression(f->world, text_of(f->id), &failed, &err));
    play(f, after, ARRAY_LEN(after));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, api_setup, api_teardown)
    const struct CMUnitTest tests[] = {
        TEST(requests_are_judged_by_their_schemas),
        TEST(a_standby_snapshot_is_put_back),
        TEST(a_stopped_snapshot_is_put_back),
        TEST(a_restore_undoes_what_was_changed_since_the_capture),
        TEST(only_its_own_snapshots_are_put_back_into_an_instance),
        TEST(a_restore_that_cannot_run_leaves_the_instance_at_rest),
        TEST(a_restore_takes_nothing_from_others),
        TEST(a_standby_snapshot_is_forked),
        TEST(a_stopped_snapshot_is_forked),
        TEST(a_fork_of_a_snapshot_needs_a_name_that_no_instance_has),
        TEST(a_fork_of_a_snapshot_that_cannot_run_is_removed_again),
        TEST(a_restore_or_fork_calls_compression_off_for_good),
        TEST(a_compressed_snapshot_stays_so),
        TEST(a_snapshot_whose_compression_failed_can_still_be_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
