/* Create, get, list and delete of instances as a client sees them: instances.md 2 to 8. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mock/domain/image.h"
#include "tests/unit/mock/api/api_fixture.h"

#define NOT_FOUND     "{\"code\":\"not_found\",\"message\":\"resource not found\"}"
#define AMBIGUOUS     "{\"code\":\"ambiguous\",\"message\":\"multiple resources match, use full ID\"}"
#define WITH(members) "{\"name\":\"web-1\",\"image\":\"nginx:alpine\"," members "}"

/* instances.md 5.1: INST-C-001, INST-J-002, INST-J-030, JSON-004 */
static void a_created_instance_looks_as_documented(void **state)
{
    struct api_fixture *f = *state;
    char expected[1500];

    post(f, "/instances", "{\"name\":\"web-1\",\"image\":\"docker.io/library/nginx:alpine\"}");
    expect_status(f, 201);
    assert_int_equal(f->res.header_count, 0); /* no Location (INST-X-023) */
    snprintf(
        expected, sizeof expected,
        "{\"created_at\":\"2026-01-01T00:00:00Z\",\"current_phase\":\"initializing\","
        "\"current_phase_since\":\"2026-01-01T00:00:00Z\",\"disk_io_bps\":\"119.2 MB/s\","
        "\"exit_code\":null,\"expires_at\":null,\"has_snapshot\":false,\"health_status\":{"
        "\"consecutive_failures\":0,\"consecutive_successes\":0,\"last_checked_at\":null,"
        "\"last_error\":null,\"last_failure_at\":null,\"last_success_at\":null,\"status\":"
        "\"disabled\"},\"hotplug_size\":\"0 B\",\"hypervisor\":\"firecracker\",\"id\":\"%.24s\","
        "\"image\":\"docker.io/library/nginx:alpine\",\"name\":\"web-1\",\"network\":{"
        "\"bandwidth_download\":\"149.0 MB/s\",\"bandwidth_upload\":\"149.0 MB/s\",\"enabled\":"
        "true,\"ip\":\"10.100.0.2\",\"mac\":\"02:00:00:00:00:01\",\"name\":\"default\"},"
        "\"overlay_size\":\"10.0 GB\",\"phase_durations_ms\":{},\"platform\":\"linux/amd64\","
        "\"size\":\"1024.0 MB\",\"started_at\":\"2026-01-01T00:00:00Z\",\"state\":"
        "\"Initializing\",\"state_error\":null,\"stopped_at\":null,\"vcpus\":2}\n",
        strstr(f->answer, "\"id\":\"") + 6);
    expect_json(f, 201, expected);
}

static void it_is_running_once_the_boot_delay_has_passed(void **state) /* INST-G-003 */
{
    struct api_fixture *f = *state;

    given_instance(f, "{\"name\":\"web-1\",\"image\":\"nginx\"}");
    get(f, "/instances/web-1");
    expect_status(f, 200);
    expect_contains(f, "\"state\":\"Running\"");
    expect_contains(f, "\"current_phase_since\":\"2026-01-01T00:00:00.25Z\"");
    expect_contains(f, "\"phase_durations_ms\":{\"initializing\":250,\"running\":750}");
}

static void optional_parts_come_back_as_they_should(void **state)
{
    static const struct {
        const char *members;
        const char *shown;
    } cases[] = {
        { "\"tags\":{\"b\":\"2\",\"a\":\"1\"}", "\"tags\":{\"a\":\"1\",\"b\":\"2\"}" },
        { "\"env\":{\"A\":\"<&>\"}", "\"env\":{\"A\":\"\\u003c\\u0026\\u003e\"}" },
        { "\"size\":\"2 gb\",\"hotplug_size\":\"512M\",\"hypervisor\":\"cloud-hypervisor\"",
          "\"hotplug_size\":\"512.0 MB\",\"hypervisor\":\"cloud-hypervisor\"" },
        { "\"disk_io_bps\":\"100MB/s\"", "\"disk_io_bps\":\"100.0 MB/s\"" },
        { "\"ttl\":\"1h30m\"", "\"expires_at\":\"2026-01-01T01:30:00Z\"" },
        { "\"expires_at\":\"2026-02-01T00:00:00+02:00\"",
          "\"expires_at\":\"2026-01-31T22:00:00Z\"" },
        { "\"auto_standby\":{\"enabled\":true,\"idle_timeout\":\" 90s \","
          "\"ignore_source_cidrs\":[\"10.1.2.3/8\",\" \",\"10.0.0.0/8\",\"fe80::1/64\"],"
          "\"ignore_destination_ports\":[9000,22,9000]}",
          "\"auto_standby\":{\"enabled\":true,\"idle_timeout\":\"1m30s\","
          "\"ignore_destination_ports\":[22,9000],\"ignore_source_cidrs\":[\"10.0.0.0/8\","
          "\"fe80::/64\"]}" },
        { "\"health_check\":{\"type\":\"exec\",\"exec\":{\"command\":[\"true\"]}}",
          "\"health_check\":{\"exec\":{\"command\":[\"true\"]},\"failure_threshold\":3," },
        { "\"restart_policy\":{\"policy\":\"always\",\"max_attempts\":3}",
          "\"restart_policy\":{\"backoff\":\"5s\",\"max_attempts\":3,\"policy\":\"always\","
          "\"stable_after\":\"10m0s\"}" },
    };
    struct api_fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char body[1024];
        snprintf(body, sizeof body, WITH("%s"), cases[i].members);
        post(f, "/instances", body);
        expect_status(f, 201);
        expect_contains(f, cases[i].shown);
        send_request(f, HTTP_DELETE, "/instances/web-1", NULL);
        expect_status(f, 204);
    }
}

/* INST-J-001, INST-C-083, INST-C-084, INST-C-085 */
static void what_is_not_given_is_left_out(void **state)
{
    static const char *const keys[] = { "\"tags\"",         "\"env\"",     "\"volumes\"",
                                        "\"auto_standby\"", "\"gpu\"",     "\"health_check\"",
                                        "\"exit_message\"", "\"cmd\"",     "\"restart_policy\"",
                                        "\"entrypoint\"",   "\"devices\"", "\"snapshot_policy\"" };
    struct api_fixture *f = *state;

    post(f, "/instances",
         WITH("\"tags\":{},\"env\":{},\"cmd\":[\"a\"],\"entrypoint\":[\"b\"],"
              "\"restart_policy\":{},\"gpu\":{}"));
    expect_status(f, 201);
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        expect_lacks(f, keys[i]);
}

static void each_refusal_has_its_code_and_message(void **state)
{
    static const struct {
        const char *members;
        int status;
        const char *code;
        const char *message;
    } cases[] = {
        { "\"size\":\"1GiB\"", 400, "invalid_size",
          "invalid size format: strconv.UnmarshalText: parsing \"1GiB\": invalid syntax" },
        { "\"hotplug_size\":\"-1\"", 400, "invalid_hotplug_size",
          "invalid hotplug_size format: strconv.UnmarshalText: parsing \"-1\": invalid syntax" },
        { "\"overlay_size\":\"1Gb\"", 400, "invalid_overlay_size",
          "invalid overlay_size format: strconv.UnmarshalText: parsing \"1Gb\": unit with capital "
          "unit prefix and lower case unit (b) - bits, not bytes " },
        { "\"disk_io_bps\":\"100Mbps\"", 400, "invalid_disk_io_bps",
          "invalid disk_io_bps format: strconv.UnmarshalText: parsing \"100Mb\": unit with capital "
          "unit prefix and lower case unit (b) - bits, not bytes " },
        { "\"ttl\":\"0s\",\"expires_at\":\"2026-08-21T18:00:00Z\"", 400, "invalid_request",
          "ttl and expires_at are mutually exclusive" },
        { "\"ttl\":\"1d\"", 400, "invalid_ttl",
          "ttl must be a valid duration: time: unknown unit \"d\" in duration \"1d\"" },
        { "\"ttl\":\"-1s\"", 400, "invalid_ttl", "ttl cannot be negative" },
        { "\"expires_at\":\"2026-01-01T00:00:00Z\"", 400, "invalid_expires_at",
          "invalid expires_at: must be in the future" },
        { "\"network\":{\"bandwidth_download\":\"1.5Gbps\"}", 400, "invalid_bandwidth_download",
          "invalid bandwidth_download format: invalid number: 1.5" },
        { "\"network\":{\"bandwidth_upload\":\"abc\"}", 400, "invalid_bandwidth_upload",
          "invalid bandwidth_upload format: parse as bytes: strconv.UnmarshalText: parsing "
          "\"abc\": invalid syntax" },
        { "\"volumes\":[{\"volume_id\":\"v\",\"mount_path\":\"/d\",\"overlay_size\":\"x\"}]", 400,
          "invalid_overlay_size",
          "invalid overlay_size for volume v: strconv.UnmarshalText: parsing \"x\": invalid "
          "syntax" },
        { "\"health_check\":{\"type\":\"http\"}", 400, "invalid_health_check",
          "health_check.http is required when type is http" },
        { "\"health_check\":{\"type\":\"tcp\",\"tcp\":{\"port\":1},\"exec\":{\"command\":[\"a\"]}}",
          400, "invalid_health_check", "health_check type tcp cannot include http or exec checks" },
        { "\"health_check\":{\"type\":\"tcp\",\"interval\":\"1s\"}", 400, "invalid_health_check",
          "health_check.timeout must be less than or equal to health_check.interval" },
        { "\"health_check\":{\"type\":\"tcp\",\"interval\":\"x\"}", 400, "invalid_health_check",
          "health_check.interval is invalid: time: invalid duration \"x\"" },
        { "\"health_check\":{\"type\":\"tcp\",\"start_period\":\"-1s\"}", 400,
          "invalid_health_check", "health_check.start_period must not be negative" },
        { "\"health_check\":{\"type\":\"http\",\"http\":{\"port\":1,\"path\":\"x\"}}", 400,
          "invalid_health_check", "health_check.http.path must start with /" },
        { "\"restart_policy\":{\"policy\":\"always\",\"backoff\":\"0\"}", 400,
          "invalid_restart_policy", "restart_policy.backoff must be positive" },
        { "\"snapshot_policy\":{\"compression\":{\"enabled\":true,\"algorithm\":\"lz4\","
          "\"level\":15}}",
          400, "invalid_snapshot_policy", "level must be between 0 and 9 for lz4, got 15" },
        { "\"snapshot_policy\":{\"standby_compression_delay\":\"-1s\"}", 400,
          "invalid_snapshot_policy", "standby_compression_delay cannot be negative" },
        { "\"tags\":{\"a#\":\"b\"}", 400, "invalid_request",
          "invalid request: invalid tags: key \"a#\" contains unsupported characters" },
        { "\"auto_standby\":{\"enabled\":true}", 400, "invalid_request",
          "invalid request: auto_standby.idle_timeout is required when enabled" },
        { "\"auto_standby\":{\"enabled\":true,\"idle_timeout\":\"1s\",\"ignore_source_cidrs\":"
          "[\"x\"]}",
          400, "invalid_request",
          "invalid request: auto_standby.ignore_source_cidrs contains invalid CIDR \"x\": "
          "netip.ParsePrefix(\"x\"): no '/'" },
        { "\"platform\":\"windows/amd64\"", 400, "invalid_platform",
          "resolve image nginx:alpine for platform windows/amd64: invalid platform: unsupported os "
          "\"windows\": only linux guests are supported" },
        { "\"vcpus\":17", 400, "invalid_request", "vcpus exceed the limit of 16" },
        { "\"volumes\":[{\"volume_id\":\"v\",\"mount_path\":\"d\"}]", 400, "invalid_request",
          "mount path d is not absolute" },
        { "\"size\":\"32GB\",\"vcpus\":16,\"gpu\":{\"profile\":\"p\"}", 409,
          "insufficient_resources",
          "insufficient resources: insufficient GPU: no GPU available on this host" },
    };
    struct api_fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char body[1024];
        snprintf(body, sizeof body, WITH("%s"), cases[i].members);
        post(f, "/instances", body);
        expect_error(f, cases[i].status, cases[i].code, cases[i].message);
    }
    get(f, "/instances");
    expect_json(f, 200, "[]\n");
}

static void given_image(struct api_fixture *f, const char *reference,
                        enum image_condition condition)
{
    struct error err = { 0 };
    assert_true(world_set_image(f->world, text_of(reference), condition, &err));
}

#define RESOLVE "resolve image team/app for platform linux/amd64: "
#define DIGEST  "502f47ef46d09e193e839269e071f38eef228925f46bc7a24415ec0c7d3d8e87"

static void an_image_that_cannot_be_used_is_refused_with_its_reason(void **state)
{
    static const struct {
        enum image_condition condition;
        int status;
        const char *code;
        const char *message;
    } cases[] = {
        { IMAGE_MISSING, 404, "not_found", RESOLVE "image not found" }, /* INST-C-023 */
        { IMAGE_PULLABLE, 400, "image_not_ready",                       /* INST-C-024 */
          "image not ready: image docker.io/team/app@sha256:" DIGEST
          " is being pulled, please try again shortly" },
        { IMAGE_PENDING, 400, "image_not_ready", /* INST-C-025 */
          "image not ready: image status is pending" },
        { IMAGE_PULLING, 400, "image_not_ready", "image not ready: image status is pulling" },
        { IMAGE_CONVERTING, 400, "image_not_ready", "image not ready: image status is converting" },
        { IMAGE_FAILED, 400, "image_not_ready", "image not ready: image status is failed" },
        { IMAGE_RATE_LIMITED, 429, "rate_limited", /* INST-C-026 */
          "registry rate limit exceeded; retry later or authenticate to the registry" },
        { IMAGE_NO_PLATFORM, 404, "platform_not_available", /* INST-C-030 */
          RESOLVE "platform not available for image: no child with platform linux/amd64 in index "
                  "docker.io/team/app:latest" },
        { IMAGE_UNREACHABLE, 500, "internal_error", "failed to create instance" },
    };
    struct api_fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        given_image(f, "docker.io/team/app:latest", cases[i].condition);
        post(f, "/instances", "{\"name\":\"a\",\"image\":\"team/app\"}");
        expect_error(f, cases[i].status, cases[i].code, cases[i].message);
        assert_int_equal(f->res.header_count, 0); /* no Retry-After (HTTP-034) */
    }
    get(f, "/instances");
    expect_json(f, 200, "[]\n");

    given_image(f, "team/app", IMAGE_READY);
    given_instance(f, "{\"name\":\"a\",\"image\":\"team/app\"}");
    get(f, "/instances/a");
    expect_contains(f, "\"image\":\"team/app\""); /* as sent (INST-J-004) */
}

static void an_image_must_be_named_in_the_form_of_a_reference(void **state)
{
    static const struct {
        const char *image, *message;
    } cases[] = {
        { "", "image is empty" }, /* INST-C-021 */
        { "Alpine", "invalid image name: invalid reference format: repository name "
                    "(library/Alpine) must be lowercase" }, /* INST-C-022 */
        { "al pine", "invalid image name: invalid reference format" },
        { "https://docker.io/alpine", "invalid image name: invalid reference format" },
    };
    struct api_fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char body[100];
        snprintf(body, sizeof body, "{\"name\":\"a\",\"image\":\"%s\"}", cases[i].image);
        post(f, "/instances", body);
        expect_error(f, 400, "invalid_request", cases[i].message);
    }
}

static void send_and_expect(struct api_fixture *f, const char *target, const char *body, int status)
{
    post(f, target, body);
    expect_status(f, status);
}

static void what_would_boot_from_a_deleted_image_says_that_it_is_gone(void **state)
{
    static const struct {
        const char *target, *body;
        int status;
        const char *code, *message;
    } cases[] = {
        { "/instances/off/start", "{}", 404, "not_found", /* INST-ST-027 */
          "instance image not found" },
        { "/instances/asleep/restore", NULL, 404, "not_found", /* INST-RS-005 */
          "instance image not found" },
        { "/instances/asleep/fork", "{\"name\":\"new\",\"target_state\":\"Running\"}", 404,
          "not_found", "instance image not found" }, /* INST-FK-035 */
        { "/instances/off/fork", "{\"name\":\"new\",\"target_state\":\"Running\"}", 404,
          "not_found", "instance image not found" },
        { "/snapshots/{snapshot}/fork", "{\"name\":\"new\",\"target_state\":\"Running\"}", 500,
          "internal_error", "failed to fork snapshot" }, /* SNAP-F-020 */
        { "/instances/on/snapshots/{snapshot}/restore", "{\"target_state\":\"Running\"}", 404,
          "not_found", "instance image not found" }, /* SNAP-R-025 */
    };
    static const char *const states[][2] = {
        { "off", "Stopped" },
        { "asleep", "Standby" },
        { "on", "Standby" }, /* was Stopped: by then its disk has been replaced (SNAP-R-025) */
    };
    struct api_fixture *f = *state;
    char snapshot[sizeof f->id];

    given_instance(f, "{\"name\":\"off\",\"image\":\"nginx\"}");
    given_instance(f, "{\"name\":\"asleep\",\"image\":\"nginx:latest\"}");
    given_instance(f, "{\"name\":\"on\",\"image\":\"docker.io/nginx\"}");
    send_and_expect(f, "/instances/off/stop", NULL, 200);
    send_and_expect(f, "/instances/asleep/standby", NULL, 200);
    given_snapshot(f, "on", "");
    memcpy(snapshot, f->id, sizeof snapshot);
    send_and_expect(f, "/instances/on/stop", NULL, 200);
    given_image(f, "nginx", IMAGE_MISSING);

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char target[128];
        const char *hole = strstr(cases[i].target, "{snapshot}");
        if (hole == NULL)
            snprintf(target, sizeof target, "%s", cases[i].target);
        else
            snprintf(target, sizeof target, "%.*s%s%s", (int)(hole - cases[i].target),
                     cases[i].target, snapshot, hole + strlen("{snapshot}"));
        post(f, target, cases[i].body);
        expect_error(f, cases[i].status, cases[i].code, cases[i].message);
        get(f, "/instances/new");
        expect_json(f, 404, NOT_FOUND);
    }
    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        char target[64];
        char shown[64];
        snprintf(target, sizeof target, "/instances/%s", states[i][0]);
        snprintf(shown, sizeof shown, "\"state\":\"%s\"", states[i][1]);
        get(f, target);
        expect_contains(f, shown);
    }
    /* What boots nothing needs no image. */
    send_and_expect(f, "/instances/asleep/fork", "{\"name\":\"new\"}", 201);

    given_image(f, "nginx", IMAGE_READY);
    send_and_expect(f, "/instances/off/start", "{}", 200);
    send_and_expect(f, "/instances/asleep/restore", NULL, 200);
}

static void a_running_instance_forked_without_its_image_stays_in_standby(void **state)
{
    struct api_fixture *f = *state; /* INST-FK-038 */

    given_instance(f, "{\"name\":\"on\",\"image\":\"nginx\"}");
    given_image(f, "nginx", IMAGE_MISSING);
    post(f, "/instances/on/fork", "{\"name\":\"new\",\"from_running\":true}");
    expect_error(f, 404, "not_found", "instance image not found");
    get(f, "/instances/on");
    expect_contains(f, "\"state\":\"Standby\"");
    get(f, "/instances/new");
    expect_json(f, 404, NOT_FOUND);

    given_image(f, "nginx", IMAGE_READY);
    send_and_expect(f, "/instances/on/restore", NULL, 200);
    given_image(f, "nginx", IMAGE_MISSING);
    post(f, "/instances/on/fork",
         "{\"name\":\"new\",\"from_running\":true,\"target_state\":\"Stopped\"}");
    expect_error(f, 404, "not_found", "instance image not found");
    get(f, "/instances/new"); /* made before the source failed */
    expect_contains(f, "\"state\":\"Stopped\"");
}

static void a_name_in_use_on_the_network_is_a_conflict(void **state)
{
    struct api_fixture *f = *state;

    given_instance(f, WITH("\"vcpus\":1"));
    /* INST-N-002, INST-C-035 */
    post(f, "/instances", WITH("\"vcpus\":1"));
    expect_error(f, 409, "name_conflict",
                 "allocate network: instance name already exists: instance name 'web-1' already "
                 "exists, can't assign into same network: default");
    given_instance(f, WITH("\"network\":{\"enabled\":false}")); /* INST-N-003, INST-C-036 */
    get(f, "/instances/web-1");
    expect_json(f, 409, AMBIGUOUS);
}

static void a_long_list_leaves_in_pieces(void **state)
{
    struct api_fixture *f = *state;
    size_t found = 0;

    for (int i = 0; i < 60; i++) {
        char body[200];
        snprintf(body, sizeof body,
                 "{\"name\":\"n%d\",\"image\":\"i\",\"vcpus\":1,\"size\":\"1MB\",\"disk_io_bps\":"
                 "\"1\",\"network\":{\"bandwidth_download\":\"1\",\"bandwidth_upload\":\"1\"}}",
                 i);
        given_instance(f, body);
    }
    get(f, "/instances");
    expect_status(f, 200);
    assert_true(f->pieces > 1);
    for (const char *at = f->answer; (at = strstr(at, "\"image\":\"i\"")) != NULL; at++)
        found++;
    assert_int_equal(found, 60);
    assert_int_equal(f->answer[0], '[');
    assert_string_equal(f->answer + strlen(f->answer) - 3, "}]\n");
}

static void a_deleted_instance_is_gone_under_every_name(void **state) /* INST-D-001, INST-D-002 */
{
    struct api_fixture *f = *state;

    given_instance(f, WITH("\"vcpus\":1"));
    send_request(f, HTTP_DELETE, "/instances/web-1", "{ignored");
    expect_status(f, 204);
    assert_string_equal(f->answer, "");
    assert_null(f->res.content_type);

    send_request(f, HTTP_DELETE, "/instances/web-1", NULL);
    expect_json(f, 404, NOT_FOUND);
    get(f, "/instances/web-1");
    expect_json(f, 404, NOT_FOUND);
    get(f, "/instances");
    expect_json(f, 200, "[]\n");
    given_instance(f, WITH("\"vcpus\":1")); /* the name is free (INST-N-007) */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, api_setup, api_teardown)
        TEST(a_created_instance_looks_as_documented),
        TEST(it_is_running_once_the_boot_delay_has_passed),
        TEST(optional_parts_come_back_as_they_should),
        TEST(what_is_not_given_is_left_out),
        TEST(each_refusal_has_its_code_and_message),
        TEST(an_image_that_cannot_be_used_is_refused_with_its_reason),
        TEST(an_image_must_be_named_in_the_form_of_a_reference),
        TEST(what_would_boot_from_a_deleted_image_says_that_it_is_gone),
        TEST(a_running_instance_forked_without_its_image_stays_in_standby),
        TEST(a_name_in_use_on_the_network_is_a_conflict),
        TEST(a_long_list_leaves_in_pieces),
        TEST(a_deleted_instance_is_gone_under_every_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
