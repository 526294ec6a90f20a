/* What an instance has of what its request does not say: instances.md 6, and what its first answer
 * says: INST-C-002 to INST-C-005. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mock/domain/instances.h"
#include "tests/unit/mock/api/api_fixture.h"

static void create(struct api_fixture *f, const char *members)
{
    char body[512];
    snprintf(body, sizeof body, "{\"name\":\"web-1\",\"image\":\"alpine\"%s%s}",
             members[0] == '\0' ? "" : ",", members);
    post(f, "/instances", body);
}

#define DISABLED                                                                                   \
    "\"health_check\":{\"failure_threshold\":3,\"interval\":\"10s\",\"start_period\":\"30s\","     \
    "\"success_threshold\":1,\"timeout\":\"2s\",\"type\":\"none\"}"

static void what_is_not_said_has_its_default(void **state)
{
    static const struct {
        const char *rule;
        const char *members;
        const char *shown;  /* NULL: nothing special */
        const char *absent; /* likewise */
    } cases[] = {
        { "INST-DEF-001", "", "\"size\":\"1024.0 MB\"", NULL },
        { "INST-DEF-001", "\"size\":null", "\"size\":\"1024.0 MB\"", NULL },
        { "INST-DEF-001", "\"size\":\"\"", "\"size\":\"1024.0 MB\"", NULL },
        { "INST-DEF-001", "\"size\":\"0\"", "\"size\":\"1024.0 MB\"", NULL },
        { "INST-DEF-001", "\"size\":\"0GB\"", "\"size\":\"1024.0 MB\"", NULL },
        { "INST-DEF-001", "", "\"overlay_size\":\"10.0 GB\"", NULL },
        { "INST-DEF-001", "\"overlay_size\":null", "\"overlay_size\":\"10.0 GB\"", NULL },
        { "INST-DEF-001", "\"overlay_size\":\"\"", "\"overlay_size\":\"10.0 GB\"", NULL },
        { "INST-DEF-001", "\"overlay_size\":\"0MB\"", "\"overlay_size\":\"10.0 GB\"", NULL },
        { "INST-DEF-001", "", "\"hotplug_size\":\"0 B\"", NULL },
        { "INST-DEF-001", "\"hotplug_size\":\"\"", "\"hotplug_size\":\"0 B\"", NULL },
        { "INST-DEF-001", "\"hotplug_size\":\"0GB\"", "\"hotplug_size\":\"0 B\"", NULL },
        { "INST-DEF-002", "", "\"vcpus\":2", NULL },
        { "INST-DEF-002", "\"vcpus\":null", "\"vcpus\":2", NULL },
        { "INST-DEF-002", "\"vcpus\":0", "\"vcpus\":2", "disk_io_bps" },
        { "INST-DEF-002, INST-J-012", "\"vcpus\":0", "\"vcpus\":2", "bandwidth" },
        { "INST-DEF-003", "", "\"enabled\":true,\"ip\":\"10.100.0.2\"", NULL },
        { "INST-DEF-003", "\"network\":{}", "\"enabled\":true,\"ip\":\"10.100.0.2\"", NULL },
        { "INST-DEF-003", "\"network\":{\"enabled\":null}",
          "\"enabled\":true,\"ip\":\"10.100.0.2\"", NULL },
        { "INST-DEF-004", "", "\"hypervisor\":\"firecracker\"", NULL },
        { "INST-DEF-005", "", "\"disk_io_bps\":\"119.2 MB/s\"", NULL }, /* 2 of 16 CPUs of 1 GB/s */
        { "INST-DEF-005", "\"disk_io_bps\":\"\"", "\"disk_io_bps\":\"119.2 MB/s\"", NULL },
        { "INST-DEF-005", "\"disk_io_bps\":\"0\"", "\"disk_io_bps\":\"119.2 MB/s\"", NULL },
        { "INST-DEF-005", "\"vcpus\":4", "\"disk_io_bps\":\"238.4 MB/s\"", NULL },
        { "INST-DEF-006", "", /* 2 of 16 CPUs of 10 Gbit/s */
          "\"bandwidth_download\":\"149.0 MB/s\",\"bandwidth_upload\":\"149.0 MB/s\"", NULL },
        { "INST-DEF-006", "\"network\":{\"bandwidth_download\":\"\",\"bandwidth_upload\":\"0\"}",
          "\"bandwidth_download\":\"149.0 MB/s\",\"bandwidth_upload\":\"149.0 MB/s\"", NULL },
        { "INST-DEF-006", "\"vcpus\":1,\"network\":{\"bandwidth_download\":\"1Gbps\"}",
          "\"bandwidth_download\":\"119.2 MB/s\",\"bandwidth_upload\":\"74.5 MB/s\"", NULL },
        { "INST-DEF-006, INST-J-031", "\"network\":{\"enabled\":false}", /* off, and no name */
          "\"network\":{\"bandwidth_download\":\"149.0 MB/s\",\"bandwidth_upload\":\"149.0 MB/s\","
          "\"enabled\":false,\"ip\":null,\"mac\":null}",
          NULL },
        { "INST-DEF-007, INST-J-060", "\"volumes\":[{\"volume_id\":\"v\",\"mount_path\":\"/v/\"}]",
          "\"volumes\":[{\"mount_path\":\"/v/\",\"readonly\":false,\"volume_id\":\"v\"}]", NULL },
        { "INST-J-060",
          "\"volumes\":[{\"volume_id\":\"v\",\"mount_path\":\"/v\",\"readonly\":true,"
          "\"overlay\":true,\"overlay_size\":\"1GB\"}]",
          "\"volumes\":[{\"mount_path\":\"/v\",\"overlay\":true,\"overlay_size\":\"1024.0 MB\","
          "\"readonly\":true,\"volume_id\":\"v\"}]",
          NULL },
        { "INST-DEF-008", "\"health_check\":{\"http\":{\"port\":80}}", DISABLED, "\"http\"" },
        { "INST-DEF-008", "\"health_check\":{}", DISABLED, NULL },
        { "INST-DEF-008", "\"health_check\":{\"exec\":{\"command\":[\"a\"]}}", DISABLED,
          "\"exec\"" },
        { "INST-DEF-009", "\"health_check\":{\"type\":\"http\",\"http\":{\"port\":80}}",
          "\"health_check\":{\"failure_threshold\":3,\"http\":{\"expected_status\":200,\"path\":"
          "\"/\",\"port\":80,\"scheme\":\"http\"},\"interval\":\"10s\",\"start_period\":\"30s\","
          "\"success_threshold\":1,\"timeout\":\"2s\",\"type\":\"http\"}",
          NULL },
        { "INST-DEF-009", "\"health_check\":{\"type\":\"tcp\",\"tcp\":{\"port\":80}}",
          "\"health_check\":{\"failure_threshold\":3,\"interval\":\"10s\",\"start_period\":\"30s\","
          "\"success_threshold\":1,\"tcp\":{\"port\":80},\"timeout\":\"2s\",\"type\":\"tcp\"}",
          NULL },
        { "INST-J-023",
          "\"health_check\":{\"type\":\"tcp\",\"tcp\":{\"port\":80},\"interval\":"
          "\"60s\",\"start_period\":\"90s\"}",
          "\"interval\":\"60s\",\"start_period\":\"90s\"", NULL },
        { "INST-DEF-010", "\"restart_policy\":{}", NULL, "restart_policy" },
        { "INST-DEF-010", "\"restart_policy\":{\"max_attempts\":3}", NULL, "restart_policy" },
        { "INST-J-022", "\"restart_policy\":{\"policy\":\"always\",\"backoff\":\"90s\"}",
          "\"restart_policy\":{\"backoff\":\"1m30s\",\"policy\":\"always\","
          "\"stable_after\":\"10m0s\"}",
          NULL },
        { "INST-DEF-011", "\"auto_standby\":{}", "\"auto_standby\":{\"enabled\":false}", NULL },
        { "INST-DEF-011",
          "\"auto_standby\":{\"idle_timeout\":\"5m\",\"ignore_destination_ports\":"
          "[1]}",
          "\"auto_standby\":{\"enabled\":false}", NULL },
        { "INST-J-022", "\"auto_standby\":{\"enabled\":true,\"idle_timeout\":\"60m\"}",
          "\"auto_standby\":{\"enabled\":true,\"idle_timeout\":\"1h0m0s\"}", NULL },
        { "INST-J-050", "\"snapshot_policy\":{}", "\"snapshot_policy\":{}", NULL },
        { "INST-J-051", "\"snapshot_policy\":{\"compression\":{\"enabled\":true}}",
          "\"snapshot_policy\":{\"compression\":{\"enabled\":true}}", NULL },
        { "INST-J-051",
          "\"snapshot_policy\":{\"compression\":{\"enabled\":false,\"level\":3,"
          "\"algorithm\":\"lz4\"}}",
          "\"snapshot_policy\":{\"compression\":{\"algorithm\":\"lz4\",\"enabled\":false,"
          "\"level\":3}}",
          NULL },
        { "INST-J-052", "\"snapshot_policy\":{\"standby_compression_delay\":\"90s\"}",
          "\"snapshot_policy\":{\"standby_compression_delay\":\"1m30s\"}", NULL },
        { "INST-C-086", "\"hotplug_size\":\"1GB\"", "\"hotplug_size\":\"1024.0 MB\"", NULL },
    };
    struct api_fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        given_truth(f, TRUTH_SPEC);
        f->about = cases[i].rule;
        create(f, cases[i].members);
        expect_status(f, 201);
        if (cases[i].shown != NULL)
            expect_contains(f, cases[i].shown);
        if (cases[i].absent != NULL)
            expect_lacks(f, cases[i].absent);
        get(f, "/instances/web-1"); /* nor later */
        if (cases[i].shown != NULL)
            expect_contains(f, cases[i].shown);
    }
}

static void the_default_hypervisor_and_rates_are_the_hosts(void **state)
{
    struct api_fixture *f = *state;
    struct world_settings settings = world_settings_default();

    settings.default_hypervisor = HYPERVISOR_QEMU; /* INST-DEF-004 */
    settings.capacity.total[CAPACITY_CPU] = 4;
    settings.capacity.total[CAPACITY_DISK_IO] = 800 << 20; /* INST-DEF-005 */
    settings.capacity.total[CAPACITY_NETWORK] = 0;         /* INST-DEF-006: speed unknown */
    api_restart(f, &settings);
    create(f, "\"vcpus\":1");
    expect_status(f, 201);
    expect_contains(f, "\"hypervisor\":\"qemu\"");
    expect_contains(f, "\"disk_io_bps\":\"200.0 MB/s\"");
    expect_lacks(f, "bandwidth");
}

static void egress_is_enforced_for_everything_unless_said(void **state) /* INST-DEF-012 */
{
    static const struct {
        const char *egress;
        enum egress_mode mode;
    } cases[] = {
        { "{\"enabled\":true}", EGRESS_ALL },
        { "{\"enabled\":true,\"enforcement\":{}}", EGRESS_ALL },
        { "{\"enabled\":true,\"enforcement\":{\"mode\":null}}", EGRESS_ALL },
        { "{\"enabled\":true,\"enforcement\":{\"mode\":\"http_https_only\"}}",
          EGRESS_HTTP_HTTPS_ONLY },
    };
    struct api_fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char members[200];
        given_truth(f, TRUTH_SPEC);
        snprintf(members, sizeof members, "\"network\":{\"egress\":%s}", cases[i].egress);
        create(f, members);
        expect_status(f, 201);
        expect_lacks(f, "egress"); /* it shows in no answer */
        keep_id(f);
        const struct instance *instance = instances_find(f->world, text_of(f->id));
        assert_true(instance->config->network.egress_enabled);
        assert_int_equal(instance->config->network.egress_mode, cases[i].mode);
    }
}

static void memory_that_cannot_be_plugged_in_counts_all_the_same(void **state) /* INST-C-086 */
{
    static const char *const hypervisors[] = { "firecracker", "qemu", "cloud-hypervisor" };
    struct api_fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(hypervisors); i++) {
        char members[100];
        given_truth(f, TRUTH_SPEC);
        snprintf(members, sizeof members, "\"hotplug_size\":\"1GB\",\"hypervisor\":\"%s\"",
                 hypervisors[i]);
        create(f, members);
        expect_status(f, 201);
        assert_true(world_capacity_use(f->world).used[CAPACITY_MEMORY] == INT64_C(2) << 30);
    }
}

/* INST-C-002, INST-C-003, INST-C-005 */
static void a_new_instance_boots_and_then_runs(void **state)
{
    static const char *const first[] = {
        "\"state\":\"Initializing\"",
        "\"current_phase\":\"initializing\"",
        "\"stopped_at\":null",
        "\"exit_code\":null",
        "\"state_error\":null",
        "\"has_snapshot\":false",
        "\"created_at\":\"2026-01-01T00",
        "\"started_at\":\"2026-01-01T00:00:00Z\"",
    };
    struct api_fixture *f = *state;

    create(f, "");
    expect_status(f, 201);
    for (size_t i = 0; i < ARRAY_LEN(first); i++)
        expect_contains(f, first[i]);
    f->fake.now_ns += 250 * NS_PER_MS - 1;
    get(f, "/instances/web-1");
    expect_contains(f, "\"state\":\"Initializing\"");
    f->fake.now_ns += 1;
    get(f, "/instances/web-1");
    expect_contains(f, "\"state\":\"Running\"");
    /* The clock has not moved between them: equal counts (INST-C-005). */
    expect_contains(f, "\"created_at\":\"2026-01-01T00:00:00Z\"");
    expect_contains(f, "\"started_at\":\"2026-01-01T00:00:00Z\"");
}

static void a_new_instance_is_there_at_once(void **state) /* INST-C-004, JSON-022 */
{
    struct api_fixture *f = *state;
    char by_id[64], by_prefix[64];

    create(f, "");
    keep_id(f);
    snprintf(by_id, sizeof by_id, "/instances/%s", f->id);
    snprintf(by_prefix, sizeof by_prefix, "/instances/%.1s", f->id);
    const char *const targets[] = { "/instances", "/instances/web-1", by_id, by_prefix };
    for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
        get(f, targets[i]);
        expect_status(f, 200);
        expect_contains(f, f->id);
        expect_contains(f, "\"state\":\"Initializing\"");
    }
}

static void a_name_is_for_good(void **state) /* INST-N-006 */
{
    struct api_fixture *f = *state;

    create(f, "");
    send_request(f, HTTP_PATCH, "/instances/web-1", "{\"name\":\"web-2\",\"auto_standby\":{}}");
    expect_status(f, 200);
    expect_contains(f, "\"name\":\"web-1\"");
    send_request(f, HTTP_PATCH, "/instances/web-1", "{\"name\":\"web-2\"}"); /* nothing else */
    expect_error(f, 400, "invalid_request",
                 "invalid request: request must include env, auto_standby, health_check, "
                 "restart_policy, ttl, and/or expires_at");
    get(f, "/instances/web-2");
    expect_status(f, 404);
}

static void a_fork_needs_a_name_that_nobody_has(void **state) /* INST-N-005 */
{
    struct api_fixture *f = *state;

    create(f, "\"network\":{\"enabled\":false}");
    given_instance(f, "{\"name\":\"source\",\"image\":\"alpine\"}");
    post(f, "/instances/source/fork", "{\"name\":\"web-1\",\"from_running\":true}");
    expect_error(f, 409, "name_conflict",
                 "instance already exists: instance name 'web-1' already exists");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, api_setup, api_teardown)
        TEST(what_is_not_said_has_its_default),
        TEST(the_default_hypervisor_and_rates_are_the_hosts),
        TEST(egress_is_enforced_for_everything_unless_said),
        TEST(memory_that_cannot_be_plugged_in_counts_all_the_same),
        TEST(a_new_instance_boots_and_then_runs),
        TEST(a_new_instance_is_there_at_once),
        TEST(a_name_is_for_good),
        TEST(a_fork_needs_a_name_that_nobody_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
