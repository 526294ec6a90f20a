/* Forks of instances as a client sees them: instances.md 10.7. Every state, target and
 * from_running: tests/unit/mock/domain/lifecycle_test.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/mock/api/script.h"

#define WEB         "{'name':'web','image':'nginx'}"
#define STATE(what) REFUSED(409, "invalid_state", "invalid state transition: " what)
#define TAKEN(name)                                                                                \
    REFUSED(409, "name_conflict",                                                                  \
            "instance already exists: instance name '" name "' already exists")
#define NO_SUCH_NAME "GET /instances/copy", NULL, UNKNOWN_ID

static void a_fork_request_is_judged_by_its_schema(void **state) /* INST-FK-001 */
{
#define FORK_ERROR(detail) BODY_ERROR("ForkInstanceRequest", "Error at " detail)
#define NAME_PATTERN                                                                               \
    FORK_ERROR("\"/name\": string doesn't match the regular expression "                           \
               "\"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$\"")
#define NO_TARGET                                                                                  \
    FORK_ERROR("\"/target_state\": value is not one of the allowed values "                        \
               "[\"Stopped\",\"Standby\",\"Running\"]")
    /* clang-format off */
    static const struct step steps[] = {
        { "POST /instances", WEB, CREATED() },
        { "POST /instances/web/fork", NULL,
          BAD_REQUEST("request body has an error: value is required but missing") },
        { "POST /instances/web/fork", "{}",
          FORK_ERROR("\"/name\": property \"name\" is missing") },
        { "POST /instances/web/fork", "{'name':null}",
          FORK_ERROR("\"/name\": Value is not nullable") },
        { "POST /instances/web/fork", "{'name':''}", NAME_PATTERN }, /* INST-N-001 */
        { "POST /instances/web/fork", "{'name':'-a'}", NAME_PATTERN },
        { "POST /instances/web/fork", "{'name':'a-'}", NAME_PATTERN },
        { "POST /instances/web/fork", "{'name':'A'}", NAME_PATTERN },
        { "POST /instances/web/fork", "{'name':'a_b'}", NAME_PATTERN },
        { "POST /instances/web/fork",
          "{'name':'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'}",
          FORK_ERROR("\"/name\": maximum string length is 63") },
        { "POST /instances/web/fork", "{'name':'a','target_state':''}", NO_TARGET },
        { "POST /instances/web/fork", "{'name':'a','target_state':'stopped'}", NO_TARGET },
        { "POST /instances/web/fork", "{'name':'a','target_state':'Paused'}", NO_TARGET },
        { "POST /instances/web/fork", "{'name':'a','target_state':null}", NO_TARGET },
        { "POST /instances/web/fork", "{'name':'a','from_running':1}",
          FORK_ERROR("\"/from_running\": value must be a boolean") },
        { "POST /instances/web/stop", NULL, OK() },
        { "POST /instances/web/fork", "{'name':'1'}", CREATED() },
        { "POST /instances/web/fork", "{'name':'a--b','from_running':null}", CREATED() },
        { "POST /instances/web/fork",
          "{'name':'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'}", CREATED() },
    };
    /* clang-format on */
    play(*state, steps, ARRAY_LEN(steps));
}

#define RICH                                                                                       \
    "{'name':'web','image':'nginx:1','size':'2GB','hotplug_size':'1GB','overlay_size':'20GB',"     \
    "'vcpus':3,'env':{'A':'1'},'tags':{'team':'x'},'hypervisor':'cloud-hypervisor','ttl':'1h',"    \
    "'cmd':['x'],'volumes':[{'volume_id':'v','mount_path':'/v','readonly':true,'overlay':true,"    \
    "'overlay_size':'1GB'}],'auto_standby':{'enabled':true,'idle_timeout':'5m'},"                  \
    "'health_check':{'type':'tcp','tcp':{'port':80}},'restart_policy':{'policy':'always'},"        \
    "'snapshot_policy':{'compression':{'enabled':true}}}"
#define RICH_PARTS                                                                                 \
    "'vcpus':3",                                                                                   \
        "'volumes':[{'mount_path':'/v','overlay':true,'overlay_size':'1024.0 MB',"                 \
        "'readonly':true,'volume_id':'v'}]",                                                       \
        "'tags':{'team':'x'}",                                                                     \
        "'restart_policy':{'backoff':'5s','policy':'always','stable_after':'10m0s'}",              \
        "'hotplug_size':'1024.0 MB','hypervisor':'cloud-hypervisor'", "'env':{'A':'1'}"

static void a_fork_is_somebody_else_with_the_same_settings(void **state)
{
    /* clang-format off */
    static const struct step steps[] = {
        { "POST /instances", RICH, CREATED(RICH_PARTS, "'expires_at':'2026-01-01T01:00:00Z'"),
          .keep = "web" },
        { "POST /instances/web/stop", NULL, OK("'exit_code':143"), .before = { .wait_ms = 1000 } },
        { "POST /instances/web/fork", "{'name':'copy'}", /* INST-FK-002, INST-FK-010, INST-T-004 */
          CREATED(RICH_PARTS, "'name':'copy'", "'created_at':'2026-01-01T00:00:03Z'"),
          .lacks = { "{web}" }, .keep = "copy", .before = { .wait_ms = 2000 } },
        /* INST-FK-003, INST-FK-004, INST-J-032, NEW-067, INST-RP-011 */
        { "GET /instances/copy", NULL,
          OK("'state':'Stopped'", "'started_at':null", "'stopped_at':null", "'exit_code':null",
             "'phase_durations_ms':{}", "'network':{'bandwidth_download':", "'expires_at':null",
             "'ip':'','mac':'','name':'default'"),
          .lacks = { "restart_status", "exit_message" } },
        { "GET /instances/copy", NULL, OK("'image':'nginx:1'", "'platform':'linux/amd64'",
          "'overlay_size':'20.0 GB'", "'size':'2.0 GB'", "'auto_standby':{'enabled':true",
          "'health_check':{", "'snapshot_policy':{'compression':{'enabled':true}}") },
        { "GET /instances/web", NULL, OK("'state':'Stopped'",
          "'stopped_at':'2026-01-01T00:00:01Z'") },
        /* The volume is listed and not attached (INST-FK-006): with its owner gone it is free. */
        { "DELETE /instances/web", NULL, GONE },
        { "POST /instances", "{'name':'writer','image':'nginx','volumes':[{'volume_id':'v',"
          "'mount_path':'/v'}]}", CREATED() },
        { "GET /instances/copy", NULL, OK("'volume_id':'v'") }, /* INST-FK-037 */
    };
    /* clang-format on */
    play(*state, steps, ARRAY_LEN(steps));
}

static void a_fork_of_a_stopped_one_is_booted_when_asked(void **state)
{
    /* clang-format off */
    static const struct step steps[] = {
        { "POST /instances", WEB, CREATED() },
        { "POST /instances/web/stop", NULL, OK(), .before = { .wait_ms = 1000 } },
        { "POST /instances/web/fork", "{'name':'copy','target_state':'Running'}",
          CREATED("'state':'Initializing'", "'started_at':'2026-01-01T00:00:01Z'", /* INST-FK-011 */
                  "'ip':'10.100.0.3'", "'mac':'02:00:00:00:00:02'"), /* INST-FK-005 */
          .keep = "copy" },
        { "GET /instances/copy", NULL, OK("'state':'Running'", "'current_phase':'running'"),
          .before = { .wait_ms = 250 } },
        { "POST /instances/web/fork", "{'name':'other','target_state':'Standby'}", /* INST-FK-012 */
          REFUSED(409, "invalid_state", "apply fork target state: invalid state transition: cannot "
                                        "standby from state Initializing") },
        { "GET /instances/other", NULL, UNKNOWN_ID },
        { "POST /instances/web/fork", "{'name':'other','target_state':'Running'}",
          CREATED("'ip':'10.100.0.4'") },
    };
    /* clang-format on */
    play(*state, steps, ARRAY_LEN(steps));
}

static void a_fork_of_one_in_standby_is_resumed_when_asked(void **state)
{
    /* clang-format off */
    static const struct step steps[] = {
        { "POST /instances", WEB, CREATED() },
        { "POST /instances/web/standby", NULL, OK(), .before = { .wait_ms = 1000 } },
        { "POST /instances/web/fork", "{'name':'a'}", /* INST-FK-013 */
          CREATED("'state':'Standby'", "'has_snapshot':true", "'started_at':null",
                  "'current_phase':'standby'", "'ip':''"), .before = { .wait_ms = 1000 } },
        { "POST /instances/web/fork", "{'name':'b','target_state':'Running'}", /* INST-FK-014 */
          CREATED("'state':'Running'", "'has_snapshot':false", "'started_at':null",
                  "'stopped_at':null", "'ip':'10.100.0.3'", "'current_phase':'running'") },
        { "POST /instances/web/fork", "{'name':'c','target_state':'Stopped'}", /* INST-FK-015 */
          CREATED("'state':'Stopped'", "'has_snapshot':false",
                  "'current_phase':'standby'") }, /* INST-J-045 */
        { "POST /instances/web/fork", "{'name':'d','from_running':true}", /* INST-FK-021 */
          CREATED("'state':'Standby'") },
        /* The first address of a fork in Standby is given when it comes up (10.2). */
        { "POST /instances/a/restore", NULL, OK("'state':'Running'", "'started_at':null",
          "'ip':'10.100.0.4'", "'phase_durations_ms':{'standby':500}"),
          .before = { .wait_ms = 500 } },
        { "GET /instances/web", NULL, OK("'state':'Standby'", "'ip':'10.100.0.2'",
          "'stopped_at':'2026-01-01T00:00:01Z'") },
    };
    /* clang-format on */
    play(*state, steps, ARRAY_LEN(steps));
}

static void a_running_one_goes_through_standby_for_its_fork(void **state)
{
    /* clang-format off */
    static const struct step steps[] = {
        { "POST /instances", WEB, CREATED(), .keep = "web" },
        { "POST /instances/web/fork", "{'name':'copy'}", /* INST-FK-019 */
          STATE("cannot fork from state Running (set from_running=true to allow standby+restore "
                "flow)"), .before = { .wait_ms = 1000 } },
        { "GET /instances/web", NULL, OK("'stopped_at':null") },
        { NO_SUCH_NAME },
        { "POST /instances/web/fork", "{'name':'a','from_running':true}", /* INST-FK-016 */
          CREATED("'state':'Running'", "'started_at':null", "'stopped_at':null",
                  "'has_snapshot':false", "'ip':'10.100.0.3'"), .keep = "a" },
        { "GET /instances/web", NULL, /* INST-FK-018 */
          OK("'state':'Running'", "'id':'{web}'", "'name':'web'",
             "'ip':'10.100.0.2','mac':'02:00:00:00:00:01'", "'started_at':'2026-01-01T00:00:00Z'",
             "'stopped_at':'2026-01-01T00:00:01Z'", "'standby':1}",
             "'current_phase_since':'2026-01-01T00:00:01Z'"), .lacks = { "{a}" } },
        { "POST /instances/web/fork", /* INST-FK-017 */
          "{'name':'b','from_running':true,'target_state':'Standby'}",
          CREATED("'state':'Standby'") },
        { "POST /instances/web/fork",
          "{'name':'c','from_running':true,'target_state':'Stopped'}",
          CREATED("'state':'Stopped'", "'current_phase':'standby'") },
        { "GET /instances/web", NULL, OK("'state':'Running'") },
    };
    /* clang-format on */
    play(*state, steps, ARRAY_LEN(steps));
}

static void only_a_settled_source_is_forked(void **state) /* INST-FK-020 */
{
#define UNFIT(name)                                                                                \
    STATE("cannot fork from state " name " (must be Stopped or Standby, or Running with "          \
          "from_running=true)")
#define NO_DEFAULT(name) STATE("cannot derive fork target state from source state " name)
    /* clang-format off */
    static const struct step steps[] = {
        { "POST /instances", WEB, CREATED() },
        { "POST /instances/web/fork", "{'name':'copy'}", NO_DEFAULT("Initializing") },
        { "POST /instances/web/fork", "{'name':'copy','target_state':'Running'}",
          UNFIT("Initializing") },
        { "POST /instances/web/fork", "{'name':'copy'}", NO_DEFAULT("Paused"),
          .before = { .force = "web", .state = INSTANCE_PAUSED } },
        { "POST /instances/web/fork", "{'name':'copy','from_running':true}", NO_DEFAULT("Paused") },
        { "POST /instances/web/fork", "{'name':'copy','target_state':'Stopped'}", UNFIT("Unknown"),
          .before = { .force = "web", .state = INSTANCE_UNKNOWN } },
        { NO_SUCH_NAME },
    };
    /* clang-format on */
    play(*state, steps, ARRAY_LEN(steps));
}

static void a_fork_needs_a_name_that_no_instance_has(void **state)
{
    /* clang-format off */
    static const struct step steps[] = {
        { "POST /instances", WEB, CREATED() },
        { "POST /instances", "{'name':'offline','image':'nginx','network':{'enabled':false}}",
          CREATED() },
        { "POST /instances/web/stop", NULL, OK(), .before = { .wait_ms = 1000 } },
        /* INST-FK-030, INST-N-005: with network or without */
        { "POST /instances/web/fork", "{'name':'offline'}", TAKEN("offline") },
        { "POST /instances/web/fork", "{'name':'web'}", TAKEN("web") }, /* INST-FK-031 */
        { "POST /instances/web/start", "{}", OK() },
        { "POST /instances/web/fork", "{'name':'offline'}", /* the state comes first */
          STATE("cannot fork from state Running (set from_running=true to allow standby+restore "
                "flow)"), .before = { .wait_ms = 1000 } },
        { "GET /instances/web", NULL, OK("'stopped_at':'2026-01-01T00:00:01Z'") },
        /* INST-FK-032: the source has been through standby by then, also when it is asked again */
        { "POST /instances/web/fork", "{'name':'offline','from_running':true}", TAKEN("offline") },
        { "GET /instances/web", NULL, OK("'state':'Running'", "'standby':1}",
          "'stopped_at':'2026-01-01T00:00:02Z'") },
        { "POST /instances/web/fork", "{'name':'offline','from_running':true}", TAKEN("offline"),
          .before = { .wait_ms = 1000 } },
        { "GET /instances/web", NULL, OK("'stopped_at':'2026-01-01T00:00:03Z'") },
    };
    /* clang-format on */
    play(*state, steps, ARRAY_LEN(steps));
}

static void a_writable_volume_cannot_be_shared_by_a_fork(void **state) /* INST-FK-033 */
{
#define WRITABLE                                                                                   \
    REFUSED(501, "not_supported",                                                                  \
            "operation not supported: cannot fork instance with writable volume \"w\" mounted at " \
            "\"/w\"; use readonly+overlay for safe concurrent forks")
    /* clang-format off */
    static const struct step steps[] = {
        { "POST /instances", "{'name':'web','image':'nginx','volumes':[{'volume_id':'r',"
          "'mount_path':'/r','readonly':true},{'volume_id':'w','mount_path':'/w'}]}", CREATED() },
        { "POST /instances/web/fork", "{'name':'copy'}", /* the state comes first */
          STATE("cannot derive fork target state from source state Initializing") },
        { "POST /instances/web/fork", "{'name':'web','from_running':true}", WRITABLE,
          .before = { .wait_ms = 1000 } }, /* before the name */
        { "GET /instances/web", NULL, OK("'state':'Running'",
          "'stopped_at':'2026-01-01T00:00:01Z'") },
        { "POST /instances/web/stop", NULL, OK() },
        { "POST /instances/web/fork", "{'name':'web','target_state':'Standby'}", WRITABLE },
        { NO_SUCH_NAME },
    };
    /* clang-format on */
    play(*state, steps, ARRAY_LEN(steps));
}

static void a_fork_that_finds_no_room_is_removed_again(void **state) /* INST-FK-034 */
{
#define NO_ROOM                                                                                    \
    "insufficient resources: insufficient CPU: requested 2 vCPUs, but only 0 available "           \
    "(currently "                                                                                  \
    "allocated: 4, effective limit: 4 with 4.0x oversubscription)"
    /* clang-format off */
    static const struct step steps[] = {
        { "POST /instances", WEB, CREATED() },
        { "POST /instances", "{'name':'off','image':'nginx'}", CREATED() },
        { "POST /instances/off/stop", NULL, OK() },
        { "POST /instances", "{'name':'other','image':'nginx'}", CREATED() },
        { "POST /instances/off/fork", "{'name':'copy','target_state':'Running'}",
          REFUSED(409, "insufficient_resources", "apply fork target state: " NO_ROOM) },
        { NO_SUCH_NAME },
        { "POST /instances/web/fork", "{'name':'copy','from_running':true}",
          REFUSED(409, "insufficient_resources",
                  "restore forked instance before source restore: " NO_ROOM),
          .before = { .wait_ms = 1000 } },
        { NO_SUCH_NAME },
        { "GET /instances/web", NULL, OK("'state':'Running'",
          "'stopped_at':'2026-01-01T00:00:01Z'") },
        { "POST /instances/web/fork", /* what does not run needs no room */
          "{'name':'copy','from_running':true,'target_state':'Standby'}", CREATED() },
        { "POST /instances/web/standby", NULL, OK() },
        { "POST /instances/web/fork", "{'name':'b','target_state':'Running'}", CREATED() },
    };
    /* clang-format on */
    struct api_fixture *f = *state;
    struct world_settings settings = *world_settings(f->world);
    settings.capacity.total[CAPACITY_CPU] = 1;
    settings.capacity.oversub_permille[CAPACITY_NETWORK] = 1000000;
    settings.capacity.oversub_permille[CAPACITY_DISK_IO] = 1000000;
    api_restart(f, &settings);
    play(f, steps, ARRAY_LEN(steps));
}

static void a_fork_without_its_image_does_not_run(void **state)
{
#define GONE_IMAGE REFUSED(404, "not_found", "instance image not found")
    /* clang-format off */
    static const struct step steps[] = {
        { "POST /instances", WEB, CREATED() },
        { "POST /instances/web/fork", "{'name':'copy','from_running':true}", GONE_IMAGE,
          .before = { .wait_ms = 1000, .image = "nginx", .condition = IMAGE_MISSING } },
        { NO_SUCH_NAME }, /* INST-FK-038 */
        { "GET /instances/web", NULL, OK("'state':'Standby'", "'has_snapshot':true",
          "'stopped_at':'2026-01-01T00:00:01Z'") },
        { "POST /instances/web/fork", "{'name':'copy','target_state':'Running'}", GONE_IMAGE },
        { NO_SUCH_NAME }, /* INST-FK-035 */
        { "POST /instances/web/fork", "{'name':'copy'}", CREATED("'state':'Standby'") },
        { "POST /instances/web/restore", NULL, OK(),
          .before = { .image = "nginx", .condition = IMAGE_READY } },
        { "POST /instances/web/fork", /* made before the source fails */
          "{'name':'left','from_running':true,'target_state':'Stopped'}", GONE_IMAGE,
          .before = { .image = "nginx", .condition = IMAGE_MISSING } },
        { "GET /instances/left", NULL, OK("'state':'Stopped'") },
        { "GET /instances/web", NULL, OK("'state':'Standby'") },
        { "POST /instances/left/start", "{}", GONE_IMAGE },
        { "POST /instances/left/fork", "{'name':'b','target_state':'Running'}", GONE_IMAGE },
        { "POST /instances/left/fork", "{'name':'b'}", CREATED("'state':'Stopped'") },
    };
    /* clang-format on */
    play(*state, steps, ARRAY_LEN(steps));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, api_setup, api_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_fork_request_is_judged_by_its_schema),
        TEST(a_fork_is_somebody_else_with_the_same_settings),
        TEST(a_fork_of_a_stopped_one_is_booted_when_asked),
        TEST(a_fork_of_one_in_standby_is_resumed_when_asked),
        TEST(a_running_one_goes_through_standby_for_its_fork),
        TEST(only_a_settled_source_is_forked),
        TEST(a_fork_needs_a_name_that_no_instance_has),
        TEST(a_writable_volume_cannot_be_shared_by_a_fork),
        TEST(a_fork_that_finds_no_room_is_removed_again),
        TEST(a_fork_without_its_image_does_not_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
