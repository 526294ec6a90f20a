/* What a world keeps of its requests, and how it is asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mock/control/journal_filter.h"
#include "tests/unit/mock/control/control_fixture.h"

static struct journal *journal_of(struct control_fixture *f)
{
    return &control_worlds(f->control)->main->journal;
}

static void expect_no(const struct control_fixture *f, const char *part)
{
    if (strstr(f->answer, part) != NULL)
        fail_msg("%s in %s", part, f->answer);
}

static void a_request_is_kept_with_what_became_of_it(void **state)
{
    static const char *const parts[] = {
        "{\"requests\":[{\"id\":\"default-1\",\"at\":\"2026-01-01T00:00:00Z\","
        "\"operation\":\"createInstance\",\"method\":\"POST\",\"path\":\"/instances\","
        "\"instance\":\"",
        "\"headers\":{\"Authorization\":\"Bearer [redacted]\",\"Content-Type\":"
        "\"application/json\"},\"body\":{\"name\":\"vm\",\"image\":\"alpine\",\"env\":{\"A\":"
        "\"[redacted]\"}},\"body_bytes\":49,\"status\":201,",
        "\"outcome\":\"answered\"},{\"id\":\"default-2\",",
        "\"method\":\"GET\",\"path\":\"/nowhere\",\"query\":\"x=1&token=[redacted]\",",
        "\"status\":404,\"code\":\"not_found\",\"message\":\"404 page not found\",",
        "\"older\":0,\"kept\":2,\"evicted\":0,\"unrecorded\":0}",
    };
    struct control_fixture *f = *state;

    f->token = "Bearer hush";
    expect(f, HTTP_POST, "/instances",
           "{\"name\":\"vm\",\"image\":\"alpine\",\"env\":{\"A\":\"hush\"}}", 201, "");
    expect(f, HTTP_GET, "/nowhere?x=1&token=hush", NULL, 404, "");
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        expect(f, HTTP_GET, "/_mock/journal", NULL, 200, parts[i]);
    expect_no(f, "hush");
    const struct journal_entry *entry = journal_find(journal_of(f), 2);
    assert_string_equal(entry->trace.code, "not_found");
    assert_true(text_equal_cstr(journal_header(entry, "authorization"), "Bearer [redacted]"));
    assert_null(journal_header(entry, "host").data);
    assert_null(journal_find(journal_of(f), 3));
}

static void the_control_api_and_other_worlds_are_not_in_it(void **state)
{
    struct control_fixture *f = *state;

    expect(f, HTTP_POST, "/_mock/worlds", "{\"name\":\"other\"}", 201, "");
    expect(f, HTTP_GET, "/instances", NULL, 200, "");
    expect(f, HTTP_GET, "/_mock/journal", NULL, 200, "\"default-2\"");
    expect(f, HTTP_GET, "/_mock/journal", NULL, 200, "\"kept\":1,");
    expect(f, HTTP_GET, "/_w/other/_mock/journal", NULL, 200, "\"kept\":0,");
    expect(f, HTTP_GET, "/_w/other/instances", NULL, 200, "");
    expect(f, HTTP_GET, "/_w/other/_mock/journal", NULL, 200,
           "\"other-2\",\"at\":\"2026-01-01T00:00:00Z\",\"operation\":\"listInstances\",\"method\":"
           "\"GET\",\"path\":\"/instances\",");
    expect(f, HTTP_POST, "/_mock/reset", NULL, 200, "");
    expect(f, HTTP_GET, "/_mock/journal", NULL, 200, "\"kept\":0,");
}

/* Five requests: create, get, wait, a wrong one, and a get of nobody. */
static void given_requests(struct control_fixture *f)
{
    given_instance(f, "", "vm");                                                           /* 1 */
    expect(f, HTTP_POST, "/_mock/clock/advance", "{\"by\":\"1s\"}", 200, "");              /* 2 */
    expect(f, HTTP_GET, "/instances/vm", NULL, 200, "");                                   /* 3 */
    expect(f, HTTP_POST, "/instances", "{\"name\":\"vm\",\"image\":\"alpine\"}", 409, ""); /* 4 */
    expect(f, HTTP_GET, "/instances/nobody", NULL, 404, "");                               /* 5 */
    expect(f, HTTP_GET, "/instances", NULL, 200, "");                                      /* 6 */
}

static const struct {
    const char *query;
    const char *found; /* the numbers, in order */
} filters[] = {
    { "", "1 3 4 5 6" },
    { "operation=createInstance", "1 4" },
    { "method=GET", "3 5 6" },
    { "status=409", "4" },
    { "status=4xx", "4 5" },
    { "status=2xx&method=POST", "1" },
    { "code=name_conflict", "4" },
    { "outcome=answered", "1 3 4 5 6" },
    { "outcome=waiting", "" },
    { "instance=vm", "1 3" },
    { "instance=nobody", "5" },
    { "path=/instances", "1 4 6" },
    { "path=/instances/*", "3 5" },
    { "snapshot=none", "" },
    { "fault=none", "" },
    { "since=default-4", "4 5 6" },
    { "until=default-3", "1 3" },
    { "since=2026-01-01T00:00:01Z&until=default-4", "3 4" },
    { "until=2026-01-01T00:00:00Z", "1" },
    { "limit=2", "5 6" },
    { "limit=1&operation=createInstance", "4" },
    { "status=404&status=409", "4" }, /* the last counts */
};

static void conditions_choose_among_the_requests(void **state)
{
    struct control_fixture *f = *state;

    given_requests(f);
    for (size_t i = 0; i < ARRAY_LEN(filters); i++) {
        char target[128], found[64] = "";
        snprintf(target, sizeof target, "/_mock/journal?%s", filters[i].query);
        expect(f, HTTP_GET, target, NULL, 200, "");
        for (const char *at = f->answer; (at = strstr(at, "\"id\":\"default-")) != NULL; at++) {
            const char number[] = { ' ', at[strlen("\"id\":\"default-")], '\0' };
            strcat(found, number);
        }
        if (strcmp(found[0] == '\0' ? "" : found + 1, filters[i].found) != 0)
            fail_msg("%s:%s instead of %s", filters[i].query, found, filters[i].found);
    }
    expect(f, HTTP_GET, "/_mock/journal?limit=2", NULL, 200, "\"older\":3,\"kept\":5,");
}

static void a_request_that_waits_is_there_and_changes_when_it_is_over(void **state)
{
    struct control_fixture *f = *state;
    struct control_client waits, leaves;

    given_instance(f, "", "vm");
    client_begin(f, &waits, "/instances/vm/wait?state=Running");
    client_begin(f, &leaves, "/instances/vm/wait?state=Paused");
    expect(f, HTTP_GET, "/_mock/journal?outcome=waiting", NULL, 200, "\"id\":\"default-2\"");
    expect(f, HTTP_GET, "/_mock/journal?outcome=waiting", NULL, 200, "\"id\":\"default-3\"");
    expect_no(f, "\"status\"");
    client_end(&leaves);
    expect(f, HTTP_GET, "/_mock/journal?outcome=client-left", NULL, 200, "\"id\":\"default-3\"");
    expect(f, HTTP_POST, "/_mock/clock/advance", "{\"by\":\"1s\"}", 200, "");
    expect(f, HTTP_GET, "/_mock/journal?outcome=open&status=200", NULL, 200,
           "\"id\":\"default-2\"");
    waits.res.delivered = true;
    client_end(&waits);
    expect(f, HTTP_GET, "/_mock/journal?outcome=answered", NULL, 200, "\"id\":\"default-2\"");
}

static void the_oldest_go_when_there_is_no_room(void **state)
{
    struct control_fixture *f = *state;
    struct control_client waits;

    given_instance(f, "", "vm");
    client_begin(f, &waits, "/instances/vm/wait?state=Running");
    for (int i = 0; i < 500; i++) {
        (void)ask(f, HTTP_GET, i % 2 == 0 ? "/instances/vm" : "/nowhere", NULL);
        assert_true(journal_of(f)->bytes <= CONTROL_JOURNAL_BYTES);
    }
    const struct journal *journal = journal_of(f);
    assert_true(journal->count > 50);
    assert_int_equal(journal->count + journal->evicted, 502);
    client_end(&waits); /* whose entry has gone */
    assert_int_equal(journal->count + journal->evicted, 502);
    expect(f, HTTP_DELETE, "/_mock/journal", NULL, 204, "");
    assert_int_equal(journal->count, 0);
    assert_int_equal(journal->bytes, 0);
}

static void what_is_larger_than_all_room_is_not_kept(void **state)
{
    struct control_fixture *f = *state;

    f->settings.plan.journal_bytes = 600;
    control_restart(f);
    for (int i = 0; i < 3; i++)
        given_instance(f, "", (const char *[]){ "a", "b", "c" }[i]);
    assert_true(journal_of(f)->bytes <= 600);
    assert_true(journal_of(f)->count <= 1);
    f->settings.plan.journal_bytes = 0;
    control_restart(f);
    given_instance(f, "", "a");
    expect(f, HTTP_GET, "/_mock/journal", NULL, 200, "\"kept\":0,\"evicted\":0,\"unrecorded\":0}");
}

static void a_request_succeeds_though_its_entry_lacks_memory(void **state)
{
    struct control_fixture *f = *state;
    struct journal *journal = journal_of(f);
    struct fake_env *fake = &f->fake;

    for (size_t allowed = 0; allowed < 3; allowed++) {
        const uint64_t before = journal->unrecorded + journal->count;
        fake->allowed = allowed;
        assert_int_equal(ask(f, HTTP_GET, "/nowhere", NULL), 404);
        fake->allowed = FAKE_ENV_NEVER_FAILS;
        assert_int_equal(journal->unrecorded + journal->count, before + 1);
    }
    assert_true(journal->unrecorded > 0);
    assert_true(journal->count > 0);
    expect(f, HTTP_GET, "/_mock/journal", NULL, 200, "\"status\":404,");
}

static void clearing_leaves_those_that_are_not_over(void **state)
{
    struct control_fixture *f = *state;
    struct control_client waits;

    given_instance(f, "", "vm");
    client_begin(f, &waits, "/instances/vm/wait?state=Running");
    expect(f, HTTP_GET, "/instances", NULL, 200, "");
    expect(f, HTTP_DELETE, "/_mock/journal", NULL, 204, "");
    expect(f, HTTP_GET, "/_mock/journal", NULL, 200, "\"kept\":1,");
    assert_non_null(strstr(f->answer, "\"id\":\"default-2\""));
    client_end(&waits);
    expect(f, HTTP_GET, "/_mock/journal?outcome=client-left", NULL, 200, "\"default-2\"");
}

/* The next piece, after a turn; NULL when there is none. */
static const char *next_piece(struct control_client *client)
{
    client->ready = false;
    control_turn(client->f->control);
    if (!client->ready)
        return NULL;
    buffer_append_byte(&client->res.body, '\0');
    return client->res.body.data;
}

static void go_on_waiting(struct control_client *client)
{
    if (!response_pull(&client->res))
        control_wait(client->f->control, &client->res);
}

static void a_follower_hears_of_every_request(void **state)
{
    struct control_fixture *f = *state;
    struct control_client follower;

    expect(f, HTTP_GET, "/instances", NULL, 200, "");
    client_begin(f, &follower, "/_mock/journal/stream?method=POST");
    expect_answered(&follower, 200, ": requests of this world");
    go_on_waiting(&follower);
    assert_null(next_piece(&follower));
    (void)ask(f, HTTP_GET, "/instances", NULL);
    assert_null(next_piece(&follower));
    (void)ask(f, HTTP_POST, "/instances", "{\"name\":\"vm\",\"image\":\"alpine\"}");
    const char *piece = next_piece(&follower);
    assert_non_null(piece);
    assert_memory_equal(piece, "event: request\nid: default-4\ndata: {\"id\":\"default-4\",", 50);
    assert_non_null(strstr(piece, "\"outcome\":\"answered\"}\n\n"));
    go_on_waiting(&follower);
    assert_null(next_piece(&follower));
    f->fake.now_ns += JOURNAL_HEARTBEAT_NS;
    assert_string_equal(next_piece(&follower), ": nothing new\n\n");
    go_on_waiting(&follower);
    expect(f, HTTP_POST, "/_mock/reset", NULL, 200, ""); /* the end of the world it follows */
    assert_true(follower.ready);
    client_end(&follower);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, control_setup, control_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_request_is_kept_with_what_became_of_it),
        TEST(the_control_api_and_other_worlds_are_not_in_it),
        TEST(conditions_choose_among_the_requests),
        TEST(a_request_that_waits_is_there_and_changes_when_it_is_over),
        TEST(the_oldest_go_when_there_is_no_room),
        TEST(what_is_larger_than_all_room_is_not_kept),
        TEST(a_request_succeeds_though_its_entry_lacks_memory),
        TEST(clearing_leaves_those_that_are_not_over),
        TEST(a_follower_hears_of_every_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
