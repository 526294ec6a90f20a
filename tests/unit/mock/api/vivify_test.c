/* --vivify: made-up ids in any order, and what it does not touch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/scope.h"
#include "mock/api/route.h"
#include "tests/unit/mock/api/api_fixture.h"

static void given_vivify(struct api_fixture *f, enum truth truth)
{
    f->vivify = true;
    given_truth(f, truth);
}

/* Every operation that names something, as generators of SDKs call it. */
static const struct {
    enum http_method method;
    const char *target;
    const char *body;
} calls[] = {
    { HTTP_POST, "/instances", "{\"name\":\"my-workload-1\",\"image\":\"alpine\"}" },
    { HTTP_GET, "/instances/id", NULL },
    { HTTP_PATCH, "/instances/id", "{\"ttl\":\"24h\"}" },
    { HTTP_POST, "/instances/id/standby", NULL },
    { HTTP_POST, "/instances/id/restore", NULL },
    { HTTP_POST, "/instances/id/fork", "{\"name\":\"my-workload-1-fork\"}" },
    { HTTP_POST, "/instances/id/fork",
      "{\"name\":\"my-workload-1-fork\",\"from_running\":true,\"target_state\":\"Running\"}" },
    { HTTP_POST, "/instances/id/stop", NULL },
    { HTTP_POST, "/instances/id/start", "{}" },
    { HTTP_GET, "/instances/id/logs?tail=10", NULL },
    { HTTP_GET, "/instances/id/stat?path=/etc/hostname", NULL },
    { HTTP_GET, "/instances/id/stats", NULL },
    { HTTP_GET, "/instances/id/wait?state=Created", NULL },
    { HTTP_GET, "/instances/id/wait?state=Running", NULL },
    { HTTP_GET, "/instances/id/auto-standby/status", NULL },
    { HTTP_POST, "/instances/id/auto-standby/hold", NULL },
    { HTTP_POST, "/instances/id/volumes/volumeId", "{\"mount_path\":\"/mnt/data\"}" },
    { HTTP_DELETE, "/instances/id/volumes/volumeId", NULL },
    { HTTP_POST, "/instances/id/snapshots", "{\"kind\":\"Standby\",\"name\":\"pre-upgrade\"}" },
    { HTTP_POST, "/instances/id/snapshots", "{\"kind\":\"Stopped\",\"name\":\"pre-upgrade\"}" },
    { HTTP_POST, "/instances/id/snapshots/snapshotId/restore", "{}" },
    { HTTP_POST, "/instances/id/snapshots/snapshotId/restore",
      "{\"target_state\":\"Stopped\",\"target_hypervisor\":\"qemu\"}" },
    { HTTP_GET, "/instances/id/snapshot-schedule", NULL },
    { HTTP_PUT, "/instances/id/snapshot-schedule",
      "{\"interval\":\"1h\",\"retention\":{\"max_count\":7}}" },
    { HTTP_DELETE, "/instances/id/snapshot-schedule", NULL },
    { HTTP_GET, "/snapshots/snapshotId", NULL },
    { HTTP_POST, "/snapshots/snapshotId/fork", "{\"name\":\"nginx-from-snap\"}" },
    { HTTP_POST, "/snapshots/snapshotId/fork",
      "{\"name\":\"nginx-from-snap\",\"target_state\":\"Stopped\",\"target_hypervisor\":"
      "\"cloud-hypervisor\"}" },
    { HTTP_DELETE, "/snapshots/snapshotId", NULL },
    { HTTP_DELETE, "/instances/id", NULL },
};

static void expect_success(struct api_fixture *f, size_t i)
{
    if (f->truth == TRUTH_SERVER && strstr(calls[i].target, "/volumes/") != NULL)
        return; /* the real server never does it (INST-VOL-003, INST-VOL-004) */
    send_request(f, calls[i].method, calls[i].target, calls[i].body);
    if (f->res.status / 100 != 2 || f->res.waiting)
        fail_msg("%s %s: %d %s", http_method_name(calls[i].method), calls[i].target, f->res.status,
                 f->answer);
}

static void every_call_with_made_up_ids_succeeds_after_every_other(void **state)
{
    static const enum truth truths[] = { TRUTH_SPEC, TRUTH_SERVER };
    struct api_fixture *f = *state;

    for (size_t t = 0; t < ARRAY_LEN(truths); t++) {
        given_vivify(f, truths[t]);
        for (size_t first = 0; first < ARRAY_LEN(calls); first++) {
            for (size_t next = 0; next < ARRAY_LEN(calls); next++) {
                expect_success(f, first);
                expect_success(f, next);
            }
        }
    }
}

/* A route whose path has a parameter and that runs is called above. */
static void no_operation_is_left_out(void **state)
{
    (void)state;

    for (const struct route *route = routes; route->path != NULL; route++) {
        bool called = route->run == NULL || strchr(route->path, '{') == NULL;
        for (size_t i = 0; i < ARRAY_LEN(calls) && !called; i++) {
            struct text path = text_of(route->path);
            struct text target = text_of(calls[i].target);
            struct text rest = text_split(&target, '?');
            called = calls[i].method == route->method;
            while (called && path.data != NULL) {
                const struct text segment = text_split(&path, '/');
                const struct text given = text_split(&rest, '/');
                called = given.data != NULL &&
                         (text_starts_with(segment, TEXT("{")) || text_equal(segment, given));
            }
            called = called && rest.data == NULL;
        }
        if (!called)
            fail_msg("%s is not called with made-up ids", route->operation_id);
    }
}

static void the_same_word_is_always_the_same_resource(void **state)
{
    static const char *const targets[] = { "/instances/id", "/snapshots/snapshotId" };
    struct api_fixture *f = *state;
    char id[ARRAY_LEN(targets)][32];

    for (size_t i = 0; i < 2 * ARRAY_LEN(targets); i++) {
        if (i % ARRAY_LEN(targets) == 0)
            given_vivify(f, TRUTH_SPEC);
        get(f, targets[i % ARRAY_LEN(targets)]);
        expect_status(f, 200);
        keep_id(f);
        if (i < ARRAY_LEN(targets))
            memcpy(id[i], f->id, sizeof f->id);
        assert_string_equal(f->id, id[i % ARRAY_LEN(targets)]);
    }
}

static void what_sprang_up_stays_as_it_was_made(void **state)
{
    struct api_fixture *f = *state;
    char target[64];

    given_vivify(f, TRUTH_SPEC);
    send_request(f, HTTP_PATCH, "/instances/my-vm", "{\"ttl\":\"1h\"}");
    expect_status(f, 200);
    keep_id(f);
    post(f, "/instances/my-vm/stop", "");
    expect_status(f, 200);
    (void)snprintf(target, sizeof target, "/instances/%s", f->id);
    get(f, target);
    expect_contains(f, "\"name\":\"my-vm\"");
    expect_contains(f, "\"state\":\"Stopped\"");
    expect_lacks(f, "\"expires_at\":null");
}

static void what_is_wrong_with_a_request_is_told_as_ever(void **state)
{
    static const struct {
        enum http_method method;
        const char *target;
        const char *body;
        int status;
    } wrong[] = {
        { HTTP_GET, "/instances/a%20b", NULL, 404 },
        { HTTP_GET, "/instances/a%2Fb", NULL, 404 },
        { HTTP_GET, "/instances/a%00b", NULL, 404 },
        { HTTP_GET, "/snapshots/a%20b", NULL, 404 },
        { HTTP_GET,
          "/instances/"
          "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
          NULL, 404 },
        { HTTP_POST, "/instances/id/snapshots/a%20b/restore", "{}", 404 },
        { HTTP_POST, "/instances/id/snapshots", "{\"kind\":\"standby\"}", 400 },
        { HTTP_POST, "/instances/id/fork", "{}", 400 },
        { HTTP_POST, "/instances/id/fork", "{\"name\":", 400 },
        { HTTP_POST, "/instances/id/volumes/volumeId", "{\"mount_path\":\"/etc\"}", 400 },
        { HTTP_PATCH, "/instances/id", "{}", 400 },
        { HTTP_PATCH, "/instances/id", "{\"ttl\":\"soon\"}", 400 },
        { HTTP_GET, "/instances/id/wait?state=Asleep", NULL, 400 },
        { HTTP_GET, "/instances/id/nothing", NULL, 404 },
    };
    struct api_fixture *f = *state;

    given_vivify(f, TRUTH_SPEC);
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        send_request(f, wrong[i].method, wrong[i].target, wrong[i].body);
        if (f->res.status != wrong[i].status)
            fail_msg("%s: %d %s", wrong[i].target, f->res.status, f->answer);
    }
}

static void an_instance_that_was_created_keeps_to_its_states(void **state)
{
    struct api_fixture *f = *state;
    char target[96];

    given_vivify(f, TRUTH_SPEC);
    given_instance(f, "{\"name\":\"web\",\"image\":\"alpine\"}");
    (void)snprintf(target, sizeof target, "/instances/%s/snapshots", f->id);
    post(f, target, "{\"kind\":\"Stopped\"}");
    expect_status(f, 409);
    post(f, "/instances/web/snapshots", "{\"kind\":\"Stopped\"}");
    expect_status(f, 409);
    f->token = NULL;
    get(f, "/instances/id");
    expect_status(f, 401);
}

static void without_it_nothing_springs_up(void **state)
{
    struct api_fixture *f = *state;

    get(f, "/instances/id");
    expect_status(f, 404);
    get(f, "/snapshots/snapshotId");
    expect_status(f, 404);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, api_setup, api_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_call_with_made_up_ids_succeeds_after_every_other),
        TEST(no_operation_is_left_out),
        TEST(the_same_word_is_always_the_same_resource),
        TEST(what_sprang_up_stays_as_it_was_made),
        TEST(what_is_wrong_with_a_request_is_told_as_ever),
        TEST(an_instance_that_was_created_keeps_to_its_states),
        TEST(without_it_nothing_springs_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
