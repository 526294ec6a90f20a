/* Create, get, list and delete of snapshots as a client sees them: snapshots.md 2 to 6, 10. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/mock/api/api_fixture.h"

#define WEB_1 "{\"name\":\"web-1\",\"image\":\"nginx\"}"

/* SNAP-J-003, SNAP-J-004, JSON-004, JSON-006 */
static void the_documented_call_answers_the_documented_snapshot(void **state)
{
    struct api_fixture *f = *state;
    char instance[32];
    char expected[1000];

    given_instance(f, WEB_1);
    strcpy(instance, f->id);
    given_snapshot(f, "web-1", "\"name\":\"pre-upgrade\",\"tags\":{\"team\":\"backend\"}");
    snprintf(expected, sizeof expected,
             "{\"compressed_size_bytes\":null,\"compression_error\":null,\"compression_state\":"
             "\"none\",\"created_at\":\"2026-01-01T00:00:01Z\",\"id\":\"%s\",\"kind\":\"Standby\","
             "\"name\":\"pre-upgrade\",\"size_bytes\":11821715456,\"source_hypervisor\":"
             "\"firecracker\",\"source_instance_id\":\"%s\",\"source_instance_name\":\"web-1\","
             "\"tags\":{\"team\":\"backend\"},\"uncompressed_size_bytes\":null}\n",
             f->id, instance);
    expect_json(f, 201, expected);

    char target[64];
    snprintf(target, sizeof target, "/snapshots/%s", f->id);
    get(f, target);
    expect_json(f, 200, expected); /* SNAP-G-001, SNAP-J-005 */
}

/* SNAP-J-001, SNAP-J-002 */
static void an_unnamed_snapshot_without_tags_shows_null_and_no_tags(void **state)
{
    struct api_fixture *f = *state;

    given_instance(f, WEB_1);
    given_snapshot(f, f->id, "\"tags\":{}");
    expect_contains(f, "\"name\":null");
    expect_lacks(f, "\"tags\"");
    given_snapshot(f, "web-1", ""); /* any number of unnamed ones (SNAP-C-015) */
}

static void compression_is_shown_while_it_runs_and_when_it_is_done(void **state)
{
    struct api_fixture *f = *state;
    char target[64];

    given_instance(f, WEB_1);
    given_snapshot(f, "web-1", "\"compression\":{\"enabled\":true}");
    expect_contains(f, "\"compression\":{\"algorithm\":\"zstd\",\"enabled\":true,\"level\":1}");
    expect_contains(f, "\"compression_state\":\"compressing\"");
    expect_contains(f, "\"compressed_size_bytes\":null");

    f->fake.now_ns += NS_PER_SEC;
    snprintf(target, sizeof target, "/snapshots/%s", f->id);
    get(f, target);
    expect_contains(f, "\"compression_state\":\"compressed\"");
    expect_contains(f, "\"compressed_size_bytes\":322122547");
    expect_contains(f, "\"uncompressed_size_bytes\":1073741824");
    expect_contains(f, "\"size_bytes\":11070096179");
}

static void each_refusal_has_its_code_and_message(void **state)
{
    static const struct {
        const char *body;
        int status;
        const char *code;
        const char *message;
    } cases[] = {
        { "{\"kind\":\"Standby\",\"compression\":{\"enabled\":true,\"level\":0}}", 400,
          "invalid_snapshot_compression", "level must be between 1 and 19 for zstd, got 0" },
        { "{\"kind\":\"Standby\",\"compression\":{\"enabled\":true,\"algorithm\":\"lz4\","
          "\"level\":15}}",
          400, "invalid_snapshot_compression", "level must be between 0 and 9 for lz4, got 15" },
        { "{\"kind\":\"Standby\",\"tags\":{\"\":\"\"},\"compression\":{\"enabled\":true,\"level\":"
          "0}}",
          400, "invalid_snapshot_compression", "level must be between 1 and 19 for zstd, got 0" },
        { "{\"kind\":\"Stopped\",\"compression\":{\"enabled\":true}}", 400, "invalid_request",
          "invalid request: compression is only supported for standby snapshots" },
        { "{\"kind\":\"Standby\",\"tags\":{\"\":\"\"}}", 400, "invalid_request",
          "invalid request: invalid tags: key \"\" length 0 out of range [1,128]" },
        { "{\"kind\":\"Stopped\"}", 409, "conflict",
          "invalid state transition: stopped snapshot requires source in Stopped, got Running" },
    };
    struct api_fixture *f = *state;

    given_instance(f, WEB_1);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        post(f, "/instances/web-1/snapshots", cases[i].body);
        expect_error(f, cases[i].status, cases[i].code, cases[i].message);
    }
    get(f, "/snapshots");
    expect_json(f, 200, "[]\n");
}

static void a_booting_instance_cannot_be_captured(void **state) /* SNAP-C-006 */
{
    struct api_fixture *f = *state;

    post(f, "/instances", WEB_1);
    post(f, "/instances/web-1/snapshots", "{\"kind\":\"Standby\"}");
    expect_error(f, 409, "conflict",
                 "invalid state transition: standby snapshot requires source in Running or "
                 "Standby, got Initializing");
}

static void a_writable_volume_cannot_be_captured(void **state) /* SNAP-C-018 */
{
    struct api_fixture *f = *state;

    given_instance(f, "{\"name\":\"web-1\",\"image\":\"nginx\",\"volumes\":[{\"volume_id\":\"v\","
                      "\"mount_path\":\"/data\"}]}");
    post(f, "/instances/web-1/snapshots", "{\"kind\":\"Stopped\"}");
    expect_error(f, 501, "not_supported",
                 "operation not supported: snapshot requires readonly volume attachments: "
                 "operation not supported: cannot fork instance with writable volume \"v\" mounted "
                 "at \"/data\"; use readonly+overlay for safe concurrent forks");
}

static void a_name_is_unique_within_one_source(void **state) /* SNAP-C-013, SNAP-C-014 */
{
    struct api_fixture *f = *state;
    char message[200];

    given_instance(f, "{\"name\":\"web-2\",\"image\":\"nginx\"}");
    given_instance(f, WEB_1);
    snprintf(message, sizeof message,
             "instance already exists: snapshot name already exists: snapshot name \"base\" "
             "already exists for source instance %s",
             f->id);
    given_snapshot(f, "web-1", "\"name\":\"base\"");
    post(f, "/instances/web-1/snapshots", "{\"kind\":\"Standby\",\"name\":\"base\"}");
    expect_error(f, 409, "conflict", message);
    given_snapshot(f, "web-2", "\"name\":\"base\"");
}

static void a_snapshot_outlives_its_source(void **state) /* SNAP-G-003, SNAP-L-005 */
{
    struct api_fixture *f = *state;
    char target[64];

    given_instance(f, WEB_1);
    given_snapshot(f, "web-1", "");
    send_request(f, HTTP_DELETE, "/instances/web-1", NULL);
    expect_status(f, 204);
    snprintf(target, sizeof target, "/snapshots/%s", f->id);
    get(f, target);
    expect_status(f, 200);
    expect_contains(f, "\"source_instance_name\":\"web-1\"");
}

/* SNAP-D-001, SNAP-D-002, SNAP-D-003, SNAP-D-005, SNAP-D-008, SNAP-C-016 */
static void a_deleted_snapshot_is_gone_and_its_name_free(void **state)
{
    struct api_fixture *f = *state;
    char target[128];

    given_instance(f, WEB_1);
    given_snapshot(f, "web-1", "\"name\":\"base\",\"compression\":{\"enabled\":true}");
    expect_contains(f, "\"compression_state\":\"compressing\"");
    snprintf(target, sizeof target, "/snapshots/%s", f->id);
    send_request(f, HTTP_DELETE, target, "ignored");
    expect_status(f, 204);
    assert_string_equal(f->answer, "");
    assert_null(f->res.content_type); /* SNAP-J-006 */

    get(f, target);
    expect_error(f, 404, "not_found", "snapshot not found");
    send_request(f, HTTP_DELETE, target, NULL);
    expect_error(f, 404, "not_found", "snapshot not found");
    snprintf(target, sizeof target, "/snapshots/%s/fork", f->id);
    post(f, target, "{\"name\":\"new\"}");
    expect_error(f, 404, "not_found", "snapshot not found");
    snprintf(target, sizeof target, "/instances/web-1/snapshots/%s/restore", f->id);
    post(f, target, "{}");
    expect_error(f, 404, "not_found", "instance or snapshot not found");
    get(f, "/snapshots");
    expect_json(f, 200, "[]\n");
    given_snapshot(f, "web-1", "\"name\":\"base\"");
}

static void what_was_made_of_a_snapshot_outlives_it(void **state) /* SNAP-D-004 */
{
    struct api_fixture *f = *state;
    char snapshot[32];
    char target[128];

    given_instance(f, WEB_1);
    post(f, "/instances/web-1/standby", NULL);
    given_snapshot(f, "web-1", "");
    snprintf(snapshot, sizeof snapshot, "%s", f->id);
    snprintf(target, sizeof target, "/snapshots/%s/fork", snapshot);
    post(f, target, "{\"name\":\"forked\"}");
    expect_status(f, 201);
    snprintf(target, sizeof target, "/instances/web-1/snapshots/%s/restore", snapshot);
    post(f, target, "{\"target_state\":\"Standby\"}");
    expect_status(f, 200);
    get(f, "/instances");
    char *before = strdup(f->answer);

    snprintf(target, sizeof target, "/snapshots/%s", snapshot);
    send_request(f, HTTP_DELETE, target, NULL);
    expect_status(f, 204);
    get(f, "/instances");
    expect_json(f, 200, before);
    free(before);
    post(f, "/instances/forked/restore", NULL); /* and can be used */
    expect_status(f, 200);
}

static void a_schedule_remembers_a_snapshot_deleted_by_hand(void **state) /* SNAP-D-007 */
{
    static const char schedule[] = "/instances/web-1/snapshot-schedule";
    struct api_fixture *f = *state;
    char target[64];

    given_instance(f, WEB_1);
    send_request(f, HTTP_PUT, schedule, "{\"interval\":\"1h\",\"retention\":{\"max_count\":3}}");
    expect_status(f, 200);
    f->fake.now_ns +=
        90 * 60 * NS_PER_SEC; /* one run, an hour and up to 5 minutes later (SCHED-P-020) */
    get(f, "/snapshots");
    keep_id(f);
    get(f, schedule);
    expect_contains(f, f->id);
    char *before = strdup(f->answer);

    snprintf(target, sizeof target, "/snapshots/%s", f->id);
    send_request(f, HTTP_DELETE, target, NULL);
    expect_status(f, 204);
    get(f, schedule);
    expect_json(f, 200, before);
    free(before);
}

static void a_list_shows_one_moment_while_the_world_changes(void **state)
{
    struct api_fixture *f = *state;
    struct arena arena = arena_capped(SIZE_MAX);
    struct response list;
    const struct http_header token = { TEXT("Authorization"), TEXT("Bearer x") };
    const struct http_request req = {
        .method = HTTP_GET, .path = TEXT("/snapshots"), .headers = &token, .header_count = 1
    };
    size_t bytes = 0;
    bool done = false;

    given_instance(f, WEB_1);
    for (int i = 0; i < 200; i++)
        given_snapshot(f, "web-1", "");
    get(f, "/snapshots");
    const size_t expected = strlen(f->answer);

    response_init(&list, &arena, SIZE_MAX);
    api_handle(f->api, &req, &list);
    assert_non_null(list.stream.next);
    send_request(f, HTTP_DELETE, "/instances/web-1", NULL);
    char target[64];
    snprintf(target, sizeof target, "/snapshots/%s", f->id);
    send_request(f, HTTP_DELETE, target, NULL);
    expect_status(f, 204);

    bytes = list.body.len;
    while (!done) {
        buffer_clear(&list.body);
        assert_true(list.stream.next(list.stream.ctx, &list.body, &done));
        bytes += list.body.len;
    }
    assert_int_equal(bytes, expected);
    response_fini(&list);
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, api_setup, api_teardown)
        TEST(the_documented_call_answers_the_documented_snapshot),
        TEST(an_unnamed_snapshot_without_tags_shows_null_and_no_tags),
        TEST(compression_is_shown_while_it_runs_and_when_it_is_done),
        TEST(each_refusal_has_its_code_and_message),
        TEST(a_booting_instance_cannot_be_captured),
        TEST(a_writable_volume_cannot_be_captured),
        TEST(a_name_is_unique_within_one_source),
        TEST(a_snapshot_outlives_its_source),
        TEST(a_deleted_snapshot_is_gone_and_its_name_free),
        TEST(what_was_made_of_a_snapshot_outlives_it),
        TEST(a_schedule_remembers_a_snapshot_deleted_by_hand),
        TEST(a_list_shows_one_moment_while_the_world_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
