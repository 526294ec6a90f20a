/* Worlds: which one a request gets, what they share (nothing), forks, lifetimes and limits. */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/env/env.h"
#include "tests/unit/common/alloc_fail.h"
#include "tests/unit/mock/control/control_fixture.h"

static void make_world(struct control_fixture *f, const char *body)
{
    expect(f, HTTP_POST, "/_mock/worlds", body, 201, "\"instances\":");
}

static void expect_instances(struct control_fixture *f, const char *target, const char *part)
{
    expect(f, HTTP_GET, target, NULL, 200, part);
}

static void a_request_chooses_its_world_by_path_or_header(void **state)
{
    struct control_fixture *f = *state;

    make_world(f, "{\"name\":\"a\"}");
    make_world(f, "{\"name\":\"b\"}");
    given_instance(f, "/_w/a", "vm-a");
    f->header = "b";
    given_instance(f, "", "vm-b");
    expect_instances(f, "/instances", "\"name\":\"vm-b\"");
    assert_null(strstr(f->answer, "vm-a"));
    assert_string_equal(f->request_id, "b-2");
    expect_instances(f, "/_w/a/instances", "\"name\":\"vm-a\""); /* the path says more */
    assert_null(strstr(f->answer, "vm-b"));
    assert_string_equal(f->request_id, "a-2");
    f->header = NULL;
    expect(f, HTTP_GET, "/instances", NULL, 200, "[]");
    assert_string_equal(f->request_id, "default-3");
}

static void an_unknown_world_is_404_and_counted_by_the_default_one(void **state)
{
    static const char *const targets[] = { "/_w/nobody/instances", "/_w/nobody", "/_w/",
                                           "/_w//instances", "/_w/%61/instances" };
    struct control_fixture *f = *state;

    make_world(f, "{\"name\":\"a\"}");
    for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
        expect(f, HTTP_GET, targets[i], NULL, 404, "there is no world named ");
        assert_memory_equal(f->request_id, "default-", strlen("default-"));
    }
    f->header = "nobody";
    expect(f, HTTP_GET, "/instances", NULL, 404, "\"code\":\"not_found\"");
    f->header = "";
    expect(f, HTTP_GET, "/instances", NULL, 404, "there is no world named \\\"\\\"");
}

static void nothing_but_the_prefix_is_the_root(void **state)
{
    struct control_fixture *f = *state;

    make_world(f, "{\"name\":\"a\"}");
    assert_int_equal(ask(f, HTTP_GET, "/_w/a", NULL), 404);
    char rootless[sizeof f->answer];
    strcpy(rootless, f->answer);
    assert_int_equal(ask(f, HTTP_GET, "/_w/a/", NULL), 404);
    assert_string_equal(f->answer, rootless);
}

static void a_token_that_could_be_a_name_makes_its_world(void **state)
{
    struct control_fixture *f = *state;

    f->settings.world_by_token = true;
    f->settings.token_world_ttl_ns = 60 * NS_PER_SEC;
    control_restart(f);
    f->token = "Bearer test-7";
    given_instance(f, "", "vm");
    expect(f, HTTP_GET, "/_mock/worlds/test-7", NULL, 200, "\"ttl\":\"1m0s\"");
    assert_string_equal(f->request_id, "test-7-2");
    f->token = "Bearer My API Key";
    expect(f, HTTP_GET, "/instances", NULL, 200, "[]");
    assert_string_equal(f->request_id, "default-1");
    f->fake.now_ns += 60 * NS_PER_SEC;
    control_turn(f->control);
    expect(f, HTTP_GET, "/_mock/worlds/test-7", NULL, 404, "not_found");
}

static void the_control_token_names_no_world(void **state)
{
    struct control_fixture *f = *state;

    f->settings.world_by_token = true;
    f->settings.token = TEXT("open-sesame");
    control_restart(f);
    f->token = "Bearer open-sesame";
    expect(f, HTTP_GET, "/_mock/worlds", NULL, 200, "[{\"name\":\"default\"");
    assert_null(strstr(f->answer, "sesame"));
}

static void worlds_share_no_ids_clock_or_resources(void **state)
{
    struct control_fixture *f = *state;

    make_world(f, "{\"name\":\"a\",\"seed\":7}");
    make_world(f, "{\"name\":\"b\",\"seed\":7,\"clock\":\"auto\"}");
    given_instance(f, "/_w/a", "vm");
    char first[sizeof f->answer];
    strcpy(first, f->answer);
    given_instance(f, "/_w/b", "vm");
    char *const id = strstr(first, "\"id\":");
    assert_memory_equal(id, strstr(f->answer, "\"id\":"), strlen("\"id\":\"") + 24);
    expect(f, HTTP_POST, "/_w/a/_mock/clock/advance", "{\"by\":\"1h\"}", 200,
           "\"now\":\"2026-01-01T01:00:00Z\"");
    expect(f, HTTP_GET, "/_mock/clock", NULL, 200, "\"now\":\"2026-01-01T00:00:00Z\"");
    expect(f, HTTP_DELETE, "/_w/a/instances/vm", NULL, 204, "");
    expect_instances(f, "/_w/b/instances", "\"name\":\"vm\"");
}

static void a_fork_goes_its_own_way(void **state)
{
    struct control_fixture *f = *state;

    make_world(f, "{\"name\":\"a\"}");
    given_instance(f, "/_w/a", "vm");
    expect(f, HTTP_POST, "/_w/a/_mock/clock/advance", "{\"by\":\"1s\"}", 200, "");
    make_world(f, "{\"name\":\"b\",\"from\":\"a\"}");
    expect(f, HTTP_GET, "/_w/b/_mock/clock", NULL, 200, "\"now\":\"2026-01-01T00:00:01Z\"");
    expect(f, HTTP_POST, "/_w/b/instances/vm/snapshots", "{\"kind\":\"Standby\"}", 201, "");
    expect(f, HTTP_DELETE, "/_w/a/instances/vm", NULL, 204, "");
    expect(f, HTTP_GET, "/_w/a/snapshots", NULL, 200, "[]");
    expect(f, HTTP_DELETE, "/_mock/worlds/a", NULL, 204, ""); /* the fork does not need it */
    expect_instances(f, "/_w/b/instances", "\"state\":\"Running\"");
    expect(f, HTTP_GET, "/_w/b/snapshots", NULL, 200, "\"kind\":\"Standby\"");
    expect(f, HTTP_POST, "/_w/b/instances/vm/stop", NULL, 200, "\"state\":\"Stopped\"");
    make_world(f, "{\"name\":\"c\",\"from\":\"b\",\"clock\":\"auto\"}");
    expect(f, HTTP_GET, "/_mock/worlds/c", NULL, 200, "\"clock\":\"auto\"");
    expect(f, HTTP_PUT, "/_w/c/_mock/clock", "{\"mode\":\"real\"}", 200, "");
    make_world(f, "{\"name\":\"d\",\"from\":\"c\"}"); /* as it is, not as it was made */
    expect(f, HTTP_GET, "/_mock/worlds/d", NULL, 200, "\"clock\":\"real\"");
}

/* Issue: less than a millisecond and 64 KiB, however large the source. */
static void a_fork_of_a_large_world_costs_next_to_nothing(void **state)
{
    enum { RESOURCES = 10000, TRIES = 20, MAX_BYTES = 64 * 1024 };
    struct control_fixture *f = *state;
    int64_t fastest_ns = INT64_MAX;
    char name[32];

    make_world(f, "{\"name\":\"large\"}");
    for (int i = 0; i < RESOURCES / 2; i++) {
        snprintf(name, sizeof name, "vm-%d", i);
        given_instance(f, "/_w/large", name);
    }
    expect(f, HTTP_POST, "/_w/large/_mock/clock/advance", "{\"by\":\"1s\"}", 200, "");
    for (int i = 0; i < RESOURCES / 2; i++) {
        char target[64];
        snprintf(target, sizeof target, "/_w/large/instances/vm-%d/snapshots", i);
        expect(f, HTTP_POST, target, "{\"kind\":\"Standby\"}", 201, "");
    }
    for (int i = 0; i < TRIES; i++) {
        const size_t before = mallinfo2().uordblks;
        const int64_t start_ns = monotonic_now_ns();
        assert_int_equal(
            ask(f, HTTP_POST, "/_mock/worlds", "{\"name\":\"fork\",\"from\":\"large\"}"), 201);
        const int64_t took_ns = monotonic_now_ns() - start_ns;
        fastest_ns = took_ns < fastest_ns ? took_ns : fastest_ns;
        assert_true(mallinfo2().uordblks - before < MAX_BYTES);
        assert_non_null(strstr(f->answer, "\"instances\":5000,\"snapshots\":5000"));
        expect(f, HTTP_DELETE, "/_mock/worlds/fork", NULL, 204, "");
    }
    print_message("a fork of %d resources took %lld ns\n", RESOURCES, (long long)fastest_ns);
    assert_true(fastest_ns < NS_PER_MS);
}

static void a_world_with_a_ttl_goes_when_it_has_not_been_used_for_that_long(void **state)
{
    struct control_fixture *f = *state;
    struct control_client waiting;

    make_world(f, "{\"name\":\"a\",\"ttl\":\"10s\"}");
    given_instance(f, "/_w/a", "vm");
    f->fake.now_ns += 9 * NS_PER_SEC;
    expect(f, HTTP_GET, "/_w/a/instances", NULL, 200, "vm");
    assert_true(control_pause_ns(f->control) <= 10 * NS_PER_SEC);
    client_begin(f, &waiting, "/_w/a/instances/vm/wait?state=Stopped&timeout=5m");
    f->fake.now_ns += 60 * NS_PER_SEC;
    control_turn(f->control);
    assert_false(waiting.ready); /* a use that goes on */
    client_end(&waiting);
    f->fake.now_ns += 10 * NS_PER_SEC - 1;
    control_turn(f->control);
    expect(f, HTTP_GET, "/_mock/worlds/a", NULL, 200, "\"ttl\":\"10s\"");
    f->fake.now_ns += 1;
    control_turn(f->control);
    expect(f, HTTP_GET, "/_mock/worlds/a", NULL, 404, "no world named a");
    make_world(f, "{\"name\":\"a\"}");
    expect(f, HTTP_GET, "/_w/a/instances", NULL, 200, "[]");
}

static void a_world_that_is_removed_ends_its_waits_and_lives_until_they_are_over(void **state)
{
    struct control_fixture *f = *state;
    struct control_client waiting;

    make_world(f, "{\"name\":\"a\"}");
    given_instance(f, "/_w/a", "vm");
    client_begin(f, &waiting, "/_w/a/instances/vm/wait?state=Stopped&timeout=5m");
    assert_false(waiting.ready);
    expect(f, HTTP_DELETE, "/_w/a/_mock/worlds/a", NULL, 204, ""); /* from within */
    expect_answered(&waiting, 200, "\"timed_out\":true");
    expect(f, HTTP_GET, "/_w/a/instances", NULL, 404, "no world named");
    make_world(f, "{\"name\":\"a\"}"); /* another one */
    client_end(&waiting);
    control_turn(f->control);
    expect(f, HTTP_GET, "/_w/a/instances", NULL, 200, "[]");
}

static void a_reset_world_is_as_it_was_made(void **state)
{
    static const char *const prefixes[] = { "", "/_w/a" };
    struct control_fixture *f = *state;

    make_world(f, "{\"name\":\"a\",\"seed\":7,\"ttl\":\"10m\"}");
    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
        struct control_client waiting;
        char target[128];
        char first[sizeof f->answer];
        given_instance(f, prefixes[i], "vm");
        strcpy(first, f->answer);
        snprintf(target, sizeof target, "%s/instances/vm/wait?state=Stopped", prefixes[i]);
        client_begin(f, &waiting, target);
        snprintf(target, sizeof target, "%s/_mock/clock/advance", prefixes[i]);
        expect(f, HTTP_POST, target, "{\"by\":\"30s\"}", 200, "");
        snprintf(target, sizeof target, "%s/_mock/reset", prefixes[i]);
        expect(f, HTTP_POST, target, NULL, 200, "\"now\":\"2026-01-01T00:00:00Z\",\"instances\":0");
        assert_non_null(strstr(f->answer, i == 0 ? "\"ttl\":null" : "\"ttl\":\"10m0s\""));
        expect_answered(&waiting, 200, "\"timed_out\":true");
        client_end(&waiting);
        given_instance(f, prefixes[i], "vm"); /* with the same ids again */
        assert_string_equal(f->answer, first);
    }
}

static void worlds_are_limited_in_number(void **state)
{
    struct control_fixture *f = *state;

    for (int i = 1; i < CONTROL_MAX_WORLDS; i++)
        make_world(f, NULL);
    expect(f, HTTP_POST, "/_mock/worlds", NULL, 409, "as many as --max-worlds allows");
    expect(f, HTTP_POST, "/_mock/worlds", "{\"from\":\"default\"}", 409, "limit_reached");
    expect(f, HTTP_DELETE, "/_mock/worlds/world-3", NULL, 204, "");
    make_world(f, NULL);
    expect(f, HTTP_GET, "/_mock/worlds", NULL, 200, "\"name\":\"world-9\"");
    f->settings.world_by_token = true;
    f->settings.worlds.max = 1;
    control_restart(f);
    f->token = "Bearer another";
    expect(f, HTTP_GET, "/instances", NULL, 409, "limit_reached");
}

static void a_world_is_limited_in_size(void **state)
{
    static const char full[] = "a world of this mock holds at most 2 instances and snapshots";
    static const char snapshot[] = "{\"kind\":\"Standby\"}";
    static const struct {
        const char *target;
        const char *body;
    } more[] = {
        { "/instances", "{\"name\":\"another\",\"image\":\"alpine\"}" },
        { "/instances/vm/fork", "{\"name\":\"another\",\"from_running\":true}" },
        { "/instances/vm/snapshots", snapshot },
    };
    struct control_fixture *f = *state;
    char target[128];
    char id[32];

    f->settings.plan.settings.max_records = 2;
    control_restart(f);
    given_instance(f, "", "vm");
    expect(f, HTTP_POST, "/_mock/clock/advance", "{\"by\":\"1s\"}", 200, "");
    expect(f, HTTP_POST, "/instances/vm/snapshots", snapshot, 201, "");
    snprintf(id, sizeof id, "%.24s", strstr(f->answer, "\"id\":\"") + strlen("\"id\":\""));
    for (size_t i = 0; i < ARRAY_LEN(more); i++)
        expect(f, HTTP_POST, more[i].target, more[i].body, 409, full);
    snprintf(target, sizeof target, "/snapshots/%s/fork", id);
    expect(f, HTTP_POST, target, "{\"name\":\"another\"}", 409, full);
    expect(f, HTTP_PUT, "/instances/vm/snapshot-schedule",
           "{\"interval\":\"1h\",\"retention\":{\"max_count\":2}}", 200, "");
    expect(f, HTTP_POST, "/_mock/clock/advance", "{\"by\":\"2h\"}", 200, ""); /* goes on */
    expect(f, HTTP_GET, "/instances/vm/snapshot-schedule", NULL, 200, full);
    make_world(f, "{\"name\":\"a\"}"); /* of its own */
    given_instance(f, "/_w/a", "vm");
}

/* Each allocation fails once, until a call needs no more of them. */
static void what_lacks_memory_changes_nothing(void **state)
{
    static const char document[] = "{\"format\":\"hypeman-mock-state/1\"}";
    static const struct {
        enum http_method method;
        const char *target;
        const char *body;
        int status;
        const char *made; /* what it makes, or NULL */
    } requests[] = {
        { HTTP_POST, "/_mock/worlds", "{\"name\":\"new\"}", 201, "/_mock/worlds/new" },
        { HTTP_POST, "/_mock/worlds", "{\"name\":\"fork\",\"from\":\"a\",\"ttl\":\"1h\"}", 201,
          "/_mock/worlds/fork" },
        { HTTP_POST, "/_w/a/_mock/reset", NULL, 200, NULL },
        { HTTP_PUT, "/_w/a/_mock/state", document, 200, NULL },
        { HTTP_GET, "/_mock/worlds", NULL, 200, NULL },
        { HTTP_GET, "/_mock/", NULL, 200, NULL },
        { HTTP_GET, "/_w/a/_mock/overview", NULL, 200, NULL },
        { HTTP_POST, "/_w/a/_mock/clock/advance", "{\"by\":\"1s\"}", 200, NULL },
        { HTTP_DELETE, "/_mock/clock", NULL, 405, NULL },
    };
    struct control_fixture *f = *state;

    f->fake.env.mem = mem_libc();
    control_restart(f);
    make_world(f, "{\"name\":\"a\"}");
    given_instance(f, "/_w/a", "vm");
    for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
        for (size_t n = 0;; n++) {
            alloc_fail_after(n);
            const int status = ask(f, requests[i].method, requests[i].target, requests[i].body);
            const bool failed = alloc_fail_stop() != 0;
            control_turn(f->control);
            assert_int_equal(status, !failed || status != 500 ? requests[i].status : 500);
            if (status != 500 && requests[i].made != NULL)
                expect(f, HTTP_DELETE, requests[i].made, NULL, 204, "");
            assert_int_equal(control_worlds(f->control)->count, 2);
            assert_true(n < 100);
            if (!failed)
                break;
        }
    }
}

static void an_unseeded_world_has_ids_of_its_own_and_shows_its_seed(void **state)
{
    struct control_fixture *f = *state;

    f->settings.plan.seeded = false;
    control_restart(f);
    make_world(f, "{\"name\":\"a\"}");
    const struct served_world *a = worlds_find(control_worlds(f->control), TEXT("a"));
    const uint64_t seed = a->plan.seed;
    assert_true(seed < UINT64_C(1) << 53);
    assert_true(seed != control_worlds(f->control)->main->plan.seed);
    char body[64];
    snprintf(body, sizeof body, "{\"name\":\"b\",\"seed\":%llu}", (unsigned long long)seed);
    given_instance(f, "/_w/a", "vm");
    char first[sizeof f->answer];
    strcpy(first, f->answer);
    make_world(f, body);
    given_instance(f, "/_w/b", "vm");
    assert_string_equal(f->answer, first);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, control_setup, control_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_request_chooses_its_world_by_path_or_header),
        TEST(an_unknown_world_is_404_and_counted_by_the_default_one),
        TEST(nothing_but_the_prefix_is_the_root),
        TEST(a_token_that_could_be_a_name_makes_its_world),
        TEST(the_control_token_names_no_world),
        TEST(worlds_share_no_ids_clock_or_resources),
        TEST(a_fork_goes_its_own_way),
        TEST(a_fork_of_a_large_world_costs_next_to_nothing),
        TEST(a_world_with_a_ttl_goes_when_it_has_not_been_used_for_that_long),
        TEST(a_world_that_is_removed_ends_its_waits_and_lives_until_they_are_over),
        TEST(a_reset_world_is_as_it_was_made),
        TEST(worlds_are_limited_in_number),
        TEST(a_world_is_limited_in_size),
        TEST(what_lacks_memory_changes_nothing),
        TEST(an_unseeded_world_has_ids_of_its_own_and_shows_its_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
