/* Volumes attached to and detached from an instance that exists: instances.md section 15. The real
 * server does neither; what it says instead: ledger_test.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/mock/api/script.h"

#define WEB           "{'name':'web','image':'nginx'}"
#define INVALID(text) REFUSED(400, "invalid_request", "invalid request: " text)
#define TAKEN(text)   REFUSED(409, "conflict", text)

static void volumes_come_and_go_in_every_state(void **state)
{
#define ATTACH_ERROR(text) BODY_ERROR("AttachVolumeRequest", "Error at " text)
    /* clang-format off */
    static const struct step steps[] = {
        { "POST /instances/nobody/volumes/v", NULL, /* INST-VOL-001 */
          BAD_REQUEST("request body has an error: value is required but missing") },
        { "POST /instances/nobody/volumes/v", "{}",
          ATTACH_ERROR("\"/mount_path\": property \"mount_path\" is missing") },
        { "POST /instances/nobody/volumes/v", "{'mount_path':1}",
          ATTACH_ERROR("\"/mount_path\": value must be a string") },
        /* INST-VOL-002 */
        { "POST /instances/nobody/volumes/v", "{'mount_path':'/v'}", UNKNOWN_ID },
        { "DELETE /instances/nobody/volumes/v", NULL, UNKNOWN_ID },
        { "POST /instances", WEB, CREATED(), .lacks = { "volumes" } },
        { "POST /instances/web/volumes/v", "{'mount_path':'/v'}", /* INST-J-060 */
          OK("'state':'Initializing'",
             "'volumes':[{'mount_path':'/v','readonly':false,'volume_id':'v'}]") },
        { "POST /instances/web/stop", NULL, OK() },
        { "POST /instances/web/volumes/w", "{'mount_path':'/w','readonly':true}",
          OK("'state':'Stopped'",
          "'volumes':[{'mount_path':'/v','readonly':false,'volume_id':'v'},{"
             "'mount_path':'/w','readonly':true,'volume_id':'w'}]") },
        { "DELETE /instances/web/volumes/v", "ignored",
          OK("'volumes':[{'mount_path':'/w','readonly':true,'volume_id':'w'}]") },
        { "DELETE /instances/web/volumes/v", NULL,
          REFUSED(404, "not_found", "volume not attached to this instance") },
        { "DELETE /instances/web/volumes/w", NULL, OK(), .lacks = { "volumes" },
          .before = { .force = "web", .state = INSTANCE_UNKNOWN } },
    };
    /* clang-format on */
    play(*state, steps, ARRAY_LEN(steps));
}

static void an_attached_volume_keeps_the_rules_of_a_created_one(void **state)
{
    /* clang-format off */
    static const struct step steps[] = {
        { "POST /instances", "{'name':'web','image':'nginx','hypervisor':'qemu-microvm'}",
          CREATED() },
        { "POST /instances/web/volumes/v", "{'mount_path':'v'}", /* INST-C-071 */
          INVALID("mount path v is not absolute") },
        { "POST /instances/web/volumes/v", "{'mount_path':'/a/../etc'}", /* INST-C-072 */
          INVALID("mount path /a/../etc is reserved") },
        { "POST /instances/web/volumes/builder-disk-1", "{'mount_path':'/v'}", /* INST-C-073 */
          INVALID("volume id builder-disk-1 is reserved") },
        { "POST /instances/web/volumes/v", "{'mount_path':'/v'}", OK() },
        { "POST /instances/web/volumes/w", "{'mount_path':'/v/'}", /* INST-C-074 */
          INVALID("two volumes are mounted at /v/") },
        { "POST /instances/web/volumes/v", "{'mount_path':'/w','readonly':true}", /* INST-C-078 */
          TAKEN("volume v is attached twice") },
        { "POST /instances", "{'name':'b','image':'nginx'}", CREATED() },
        { "POST /instances/b/volumes/v", "{'mount_path':'/v','readonly':true}",
          TAKEN("volume v is attached to another instance") },
        { "POST /instances/web/volumes/r", "{'mount_path':'/r','readonly':true}", OK() },
        { "POST /instances/b/volumes/r", "{'mount_path':'/r','readonly':true}", OK() },
        { "POST /instances/web/volumes/s", "{'mount_path':'/s'}", OK() },
        { "POST /instances/web/volumes/t", "{'mount_path':'/t'}", /* INST-C-044 */
          INVALID("hypervisor qemu-microvm: microvm supports at most 8 virtio-mmio devices (got 9: "
                  "disks=7 networks=1 vsock=true balloon=false)") },
        { "GET /instances/web", NULL, OK("'volume_id':'v'", "'volume_id':'r'", "'volume_id':'s'"),
          .lacks = { "'volume_id':'t'" } },
    };
    /* clang-format on */
    play(*state, steps, ARRAY_LEN(steps));
}

/* What a fork only lists (INST-FK-006) stays so when another volume comes or goes. */
static void attaching_to_a_fork_attaches_nothing_else(void **state)
{
#define READER(name)                                                                               \
    "{'name':'" name "','image':'nginx','volumes':[{'volume_id':'r','mount_path':'/r',"            \
    "'readonly':true}]}"
#define WRITER(id)                                                                                 \
    "{'name':'writer-" id "','image':'nginx','vcpus':1,'volumes':[{'volume_id':'" id "',"          \
    "'mount_path':'/" id "'}]}"
    /* clang-format off */
    static const struct step steps[] = {
        { "POST /instances", READER("web"), CREATED() },
        { "POST /instances/web/stop", NULL, OK() },
        { "POST /instances/web/fork", "{'name':'copy'}", CREATED("'volume_id':'r'") },
        { "DELETE /instances/web", NULL, GONE },
        { "POST /instances/copy/volumes/r", "{'mount_path':'/other','readonly':true}",
          TAKEN("volume r is attached twice") },
        { "POST /instances/copy/volumes/own", "{'mount_path':'/own'}", OK() },
        { "POST /instances", WRITER("r"), CREATED() },
        { "POST /instances", WRITER("own"), TAKEN("volume own is attached to another instance") },
        { "DELETE /instances/copy/volumes/r", NULL,
          OK("'volumes':[{'mount_path':'/own','readonly':false,'volume_id':'own'}]") },
        { "POST /instances", WRITER("own"), TAKEN("volume own is attached to another instance") },
        { "DELETE /instances/copy/volumes/own", NULL, OK(), .lacks = { "volumes" } },
        { "POST /instances", WRITER("own"), CREATED() },
    };
    /* clang-format on */
    play(*state, steps, ARRAY_LEN(steps));
}

static void the_real_server_changes_nothing(void **state) /* INST-VOL-006 */
{
    /* clang-format off */
    static const struct step steps[] = {
        { "POST /instances", WEB, CREATED() },
        { "POST /instances/web/volumes/v", "{'mount_path':'/v'}",
          REFUSED(500, "not_implemented", "volume attachment not yet implemented") },
        { "DELETE /instances/web/volumes/v", NULL,
          REFUSED(500, "not_implemented", "volume detachment not yet implemented") },
        { "GET /instances/web", NULL, OK(), .lacks = { "volumes" } },
    };
    /* clang-format on */
    struct api_fixture *f = *state;
    const struct world_settings settings = *world_settings(f->world);
    f->truth = TRUTH_SERVER;
    api_restart(f, &settings);
    play(f, steps, ARRAY_LEN(steps));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, api_setup, api_teardown)
    const struct CMUnitTest tests[] = {
        TEST(volumes_come_and_go_in_every_state),
        TEST(an_attached_volume_keeps_the_rules_of_a_created_one),
        TEST(attaching_to_a_fork_attaches_nothing_else),
        TEST(the_real_server_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
