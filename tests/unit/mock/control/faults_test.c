/* Faults: which requests they are about, how often, what becomes of the operation, and when what is
 * left of its answer comes. Their bytes are in tests/integration/mock_faults_test.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/env/env.h"
#include "tests/unit/common/alloc_fail.h"
#include "tests/unit/mock/control/control_fixture.h"

static void given_fault(struct control_fixture *f, const char *rule)
{
    expect(f, HTTP_POST, "/_mock/faults", rule, 201, "\"matched\":0,\"applied\":0,\"rule\":{");
}

static void expect_counts(struct control_fixture *f, const char *id, int matched, int applied)
{
    char target[64], counts[64];

    snprintf(target, sizeof target, "/_mock/faults/%s", id);
    snprintf(counts, sizeof counts, "\"matched\":%d,\"applied\":%d,", matched, applied);
    expect(f, HTTP_GET, target, NULL, 200, counts);
}

/* --- which requests -------------------------------------------------------------------------- */

static void a_rule_is_about_the_requests_that_fit_all_it_says(void **state)
{
    static const struct {
        const char *match;
        enum http_method method;
        const char *target;
        bool fits;
    } cases[] = {
        { "{}", HTTP_GET, "/instances", true },
        { "{}", HTTP_GET, "/nowhere", true },
        { "{\"operation\":\"listInstances\"}", HTTP_GET, "/instances", true },
        { "{\"operation\":\"listInstances\"}", HTTP_GET, "/snapshots", false },
        { "{\"operation\":\"listInstances\"}", HTTP_GET, "/nowhere", false },
        { "{\"operation\":\"listInstances\"}", HTTP_GET, "/instances?state=nonsense", true },
        { "{\"operation\":\"getInstance\"}", HTTP_GET, "/instances/nobody", true },
        { "{\"method\":\"GET\"}", HTTP_GET, "/instances", true },
        { "{\"method\":\"DELETE\"}", HTTP_GET, "/instances", false },
        { "{\"path\":\"/instances\"}", HTTP_GET, "/instances?state=Running", true },
        { "{\"path\":\"/instances/*\"}", HTTP_GET, "/instances/web1", true },
        { "{\"path\":\"/instances/*\"}", HTTP_GET, "/instances", false },
        { "{\"path\":\"/instances/*\"}", HTTP_GET, "/instances/web1/stats", false },
        { "{\"path\":\"/instances/**\"}", HTTP_GET, "/instances/web1/stats", true },
        { "{\"path\":\"/*/web1/stats\"}", HTTP_GET, "/instances/web1/stats", true },
        { "{\"instance\":\"web1\"}", HTTP_GET, "/instances/web1", true },
        { "{\"instance\":\"web1\"}", HTTP_GET, "/instances/%77eb1/stats", true },
        { "{\"instance\":\"web1\"}", HTTP_GET, "/instances/web2", false },
        { "{\"instance\":\"web1\"}", HTTP_GET, "/instances", false },
        { "{\"instance\":\"web\"}", HTTP_GET, "/instances/web1", false },
        { "{\"tags\":{\"env\":\"ci\"}}", HTTP_GET, "/instances/web2", true },
        { "{\"tags\":{\"env\":\"ci\",\"team\":\"a\"}}", HTTP_GET, "/instances/web2", true },
        { "{\"tags\":{\"env\":\"prod\"}}", HTTP_GET, "/instances/web2", false },
        { "{\"tags\":{\"env\":\"ci\"}}", HTTP_GET, "/instances/web1", false },
        { "{\"headers\":{\"authorization\":\"Bearer a\"}}", HTTP_GET, "/instances", true },
        { "{\"headers\":{\"Authorization\":\"Bearer b\"}}", HTTP_GET, "/instances", false },
        { "{\"headers\":{\"X-Other\":\"\"}}", HTTP_GET, "/instances", false },
        { "{\"method\":\"GET\",\"path\":\"/instances/*\",\"instance\":\"web2\"}", HTTP_GET,
          "/instances/web1", false },
    };
    struct control_fixture *f = *state;

    f->token = "Bearer a";
    given_instance(f, "", "web1");
    expect(f, HTTP_POST, "/instances",
           "{\"name\":\"web2\",\"image\":\"alpine\",\"tags\":{\"env\":\"ci\",\"team\":\"a\"}}", 201,
           "web2");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char rule[256];
        snprintf(rule, sizeof rule, "{\"match\":%s,\"effect\":\"status\",\"status\":418}",
                 cases[i].match);
        given_fault(f, rule);
        const int status = ask(f, cases[i].method, cases[i].target, NULL);
        if ((status == 418) != cases[i].fits)
            fail_msg("%s %s: %d", cases[i].match, cases[i].target, status);
        expect(f, HTTP_DELETE, "/_mock/faults", NULL, 204, "");
    }
}

static void an_instance_is_known_by_its_id_too(void **state)
{
    struct control_fixture *f = *state;
    char rule[128], id[32];

    given_instance(f, "", "web1");
    assert_int_equal(sscanf(strstr(f->answer, "\"id\":\""), "\"id\":\"%31[a-z0-9]", id), 1);
    snprintf(rule, sizeof rule, "{\"match\":{\"instance\":\"%s\"},\"effect\":\"empty\"}", id);
    given_fault(f, rule);
    (void)ask(f, HTTP_GET, "/instances/web1", NULL);
    assert_true(f->lost);
}

static void a_refusal_can_be_matched_by_its_status(void **state)
{
    struct control_fixture *f = *state;

    f->settings.plan.api.auth = AUTH_ANY;
    control_restart(f);
    given_fault(f, "{\"match\":{\"status\":401},\"effect\":\"commit-then-lose\",\"by\":\"status\","
                   "\"status\":502}");
    expect(f, HTTP_GET, "/instances", NULL, 502, "Bad Gateway");
    assert_string_equal(f->fault, "fault-1");
    f->token = "Bearer a";
    expect(f, HTTP_GET, "/instances", NULL, 200, "[]");
    assert_string_equal(f->fault, "");
    expect_counts(f, "fault-1", 1, 1);
}

static void requests_under_mock_have_no_faults(void **state)
{
    struct control_fixture *f = *state;

    given_fault(f, "{\"effect\":\"reset\"}");
    expect(f, HTTP_GET, "/_mock/worlds", NULL, 200, "default");
    expect_counts(f, "fault-1", 0, 0);
}

/* --- how often ------------------------------------------------------------------------------- */

/* "x." for a fault and none. */
static void pattern(struct control_fixture *f, size_t count, char *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = ask(f, HTTP_GET, "/instances", NULL) == 200 ? '.' : 'x';
    out[count] = '\0';
}

static void a_rule_skips_and_ends(void **state)
{
    struct control_fixture *f = *state;
    char seen[16];

    given_fault(f, "{\"effect\":\"status\",\"status\":500,\"skip\":2,\"times\":3}");
    pattern(f, 8, seen);
    assert_string_equal(seen, "..xxx...");
    expect_counts(f, "fault-1", 8, 3);
}

static void chances_come_again_with_their_seed(void **state)
{
    static const char rule[] =
        "{\"effect\":\"status\",\"status\":500,\"probability\":0.25,\"seed\":7}";
    struct control_fixture *f = *state;
    enum { REQUESTS = 400 };
    char first[REQUESTS + 1], second[REQUESTS + 1];
    size_t faults = 0;

    given_fault(f, rule);
    pattern(f, REQUESTS, first);
    expect(f, HTTP_DELETE, "/_mock/faults/fault-1", NULL, 204, "");
    given_fault(f, rule);
    pattern(f, REQUESTS, second);
    assert_string_equal(first, second);
    for (size_t i = 0; i < REQUESTS; i++)
        faults += first[i] == 'x';
    assert_in_range(faults, REQUESTS / 4 - 30, REQUESTS / 4 + 30);
}

static void a_probability_of_none_never_applies_and_of_one_always(void **state)
{
    struct control_fixture *f = *state;
    char seen[65];

    given_fault(f, "{\"effect\":\"status\",\"status\":500,\"probability\":0}");
    pattern(f, 64, seen);
    assert_null(strchr(seen, 'x'));
    given_fault(f, "{\"effect\":\"status\",\"status\":500,\"probability\":1}");
    pattern(f, 64, seen);
    assert_null(strchr(seen, '.'));
}

static void a_request_is_the_first_rules_that_takes_it(void **state)
{
    struct control_fixture *f = *state;

    given_fault(f, "[{\"effect\":\"status\",\"status\":501,\"times\":1},"
                   "{\"effect\":\"status\",\"status\":502,\"times\":1},"
                   "{\"effect\":\"delay\",\"delay\":\"1ms\"},"
                   "{\"effect\":\"status\",\"status\":503,\"times\":1}]");
    for (int status = 501; status <= 503; status++)
        assert_int_equal(ask(f, HTTP_GET, "/instances", NULL), status);
    expect_counts(f, "fault-1", 3, 1);
    expect_counts(f, "fault-2", 2, 1);
    expect_counts(f, "fault-3", 0, 0); /* what keeps the operation from happening comes first */
    expect_counts(f, "fault-4", 1, 1);
}

static void there_are_64_faults_at_most(void **state)
{
    struct control_fixture *f = *state;

    for (int i = 0; i < 63; i++)
        given_fault(f, "{\"effect\":\"empty\",\"match\":{\"path\":\"/nowhere\"}}");
    expect(f, HTTP_POST, "/_mock/faults", "[{\"effect\":\"empty\"},{\"effect\":\"empty\"}]", 409,
           "at most 64 faults, and this one has 63");
    given_fault(f, "{\"effect\":\"empty\"}");
    expect(f, HTTP_POST, "/_mock/faults", "{\"effect\":\"empty\"}", 409, "at most 64 faults");
    (void)ask(f, HTTP_GET, "/instances", NULL);
    assert_string_equal(f->fault, "fault-64");
}

/* --- whose ----------------------------------------------------------------------------------- */

static void faults_of_one_world_touch_no_other(void **state)
{
    struct control_fixture *f = *state;

    expect(f, HTTP_POST, "/_mock/worlds", "{\"name\":\"a\"}", 201, "");
    expect(f, HTTP_POST, "/_w/a/_mock/faults", "{\"effect\":\"status\",\"status\":500,\"times\":3}",
           201, "fault-1");
    expect(f, HTTP_GET, "/instances", NULL, 200, "[]");
    expect(f, HTTP_GET, "/_w/a/instances", NULL, 500, "");
    /* A fork has the same rules, met as often, and counts for itself from then on. */
    expect(f, HTTP_POST, "/_mock/worlds", "{\"name\":\"b\",\"from\":\"a\"}", 201, "");
    expect(f, HTTP_GET, "/_w/b/instances", NULL, 500, "");
    expect(f, HTTP_GET, "/_w/b/instances", NULL, 500, "");
    expect(f, HTTP_GET, "/_w/b/instances", NULL, 200, "[]");
    expect(f, HTTP_GET, "/_w/a/_mock/faults", NULL, 200, "\"matched\":1,\"applied\":1,");
    expect(f, HTTP_DELETE, "/_w/a/_mock/faults/fault-1", NULL, 204, "");
    expect(f, HTTP_GET, "/_w/a/instances", NULL, 200, "[]");
    expect(f, HTTP_GET, "/_w/b/_mock/faults", NULL, 200, "\"matched\":4,\"applied\":3,");
}

static void a_reset_removes_faults_unless_it_is_asked_to_keep_them(void **state)
{
    struct control_fixture *f = *state;

    given_fault(f, "{\"effect\":\"status\",\"status\":500}");
    expect(f, HTTP_GET, "/instances", NULL, 500, "");
    expect(f, HTTP_POST, "/_mock/reset?keep=faults", NULL, 200, "");
    expect_counts(f, "fault-1", 1, 1);
    expect(f, HTTP_GET, "/_mock/state", NULL, 200, "");
    char *document = strdup(f->answer);
    expect(f, HTTP_PUT, "/_mock/state", document, 200, "");
    free(document);
    expect_counts(f, "fault-1", 1, 1);
    expect(f, HTTP_POST, "/_mock/reset", NULL, 200, "");
    expect(f, HTTP_GET, "/_mock/faults", NULL, 200, "[]");
    expect(f, HTTP_GET, "/instances", NULL, 200, "[]");
}

/* --- what becomes of the operation ----------------------------------------------------------- */

static void given_running(struct control_fixture *f)
{
    given_instance(f, "", "web1");
    expect(f, HTTP_POST, "/_mock/clock/advance", "{\"by\":\"1s\"}", 200, "");
}

static void an_operation_happens_or_not_as_the_effect_says(void **state)
{
    static const struct {
        const char *effect;
        bool lost; /* nothing of an answer */
        bool happens;
    } cases[] = {
        { "\"effect\":\"status\",\"status\":500", false, false },
        { "\"effect\":\"reset\"", true, false },
        { "\"effect\":\"reset\",\"after_bytes\":5", false, true },
        { "\"effect\":\"empty\"", true, false },
        { "\"effect\":\"truncate\"", false, true },
        { "\"effect\":\"malformed-chunk\"", false, true },
        { "\"effect\":\"invalid-json\"", false, true },
        { "\"effect\":\"drip\",\"bytes_per_second\":9", false, true },
        { "\"effect\":\"commit-then-lose\"", true, true },
        { "\"effect\":\"commit-then-lose\",\"by\":\"empty\"", true, true },
        { "\"effect\":\"commit-then-lose\",\"by\":\"status\",\"status\":500", false, true },
        { "\"effect\":\"commit-then-lose\",\"by\":\"truncate\"", false, true },
        { "\"effect\":\"lose-request\"", true, false },
        { "\"effect\":\"lose-request\",\"by\":\"empty\"", true, false },
        { "\"effect\":\"lose-request\",\"by\":\"status\",\"status\":500", false, false },
        { "\"effect\":\"lose-request\",\"by\":\"truncate\"", false, false },
        { "\"effect\":\"lose-request\",\"by\":\"malformed-chunk\"", false, false },
        { "\"effect\":\"lose-request\",\"by\":\"invalid-json\"", false, false },
        { "\"effect\":\"lose-request\",\"by\":\"cut-event\"", true,
          false }, /* which it never has */
    };
    struct control_fixture *f = *state;

    given_running(f);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char rule[256], body[64], name[32];
        snprintf(rule, sizeof rule,
                 "{\"match\":{\"operation\":\"createInstanceSnapshot\"},\"times\":1,%s}",
                 cases[i].effect);
        snprintf(body, sizeof body, "{\"kind\":\"Standby\",\"name\":\"s%zu\"}", i);
        snprintf(name, sizeof name, "\"name\":\"s%zu\"", i);
        given_fault(f, rule);
        (void)ask(f, HTTP_POST, "/instances/web1/snapshots", body);
        if (f->lost != cases[i].lost || f->fault[0] == '\0')
            fail_msg("%s: lost %d, %s", cases[i].effect, f->lost, f->fault);
        expect(f, HTTP_GET, "/snapshots", NULL, 200, "");
        if ((strstr(f->answer, name) != NULL) != cases[i].happens)
            fail_msg("%s: %s", cases[i].effect, f->answer);
        /* And the retry: it meets what has happened, or is the first of its name. */
        expect(f, HTTP_POST, "/instances/web1/snapshots", body, cases[i].happens ? 409 : 201, "");
        expect(f, HTTP_DELETE, "/_mock/faults", NULL, 204, "");
    }
}

static void what_a_lost_request_would_have_made_has_the_id_that_its_retry_makes(void **state)
{
    static const char body[] = "{\"kind\":\"Standby\",\"name\":\"s\"}";
    struct control_fixture *f = *state;
    char id[64];

    given_running(f);
    given_fault(f, "{\"effect\":\"lose-request\",\"by\":\"invalid-json\",\"times\":1}");
    expect(f, HTTP_POST, "/instances/web1/snapshots", body, 201, "{{\"");
    assert_int_equal(sscanf(strstr(f->answer, "\"id\":"), "%63[^,]", id), 1);
    expect(f, HTTP_POST, "/instances/web1/snapshots", body, 201, id);
}

static void an_answer_without_a_body_is_not_cut(void **state)
{
    struct control_fixture *f = *state;

    given_instance(f, "", "web1");
    given_fault(f,
                "[{\"effect\":\"truncate\"},{\"effect\":\"invalid-json\"},{\"effect\":\"stall\"}]");
    expect(f, HTTP_DELETE, "/instances/web1", NULL, 204, "");
    assert_string_equal(f->fault, "");
    expect_counts(f, "fault-1", 0, 0);
    expect(f, HTTP_GET, "/_mock/faults", NULL, 200, "\"id\":\"fault-3\",\"matched\":0");
}

static void the_journal_says_which_fault_and_whether_the_operation_happened(void **state)
{
    static const struct {
        const char *effect, *entry;
    } cases[] = {
        { "\"commit-then-lose\"",
          "\"status\":201,\"answer_bytes\":0,\"took_us\":0,\"outcome\":\"answered\","
          "\"fault\":\"fault-1\",\"applied\":true}" },
        { "\"lose-request\"",
          "\"answer_bytes\":0,\"took_us\":0,\"outcome\":\"answered\",\"fault\":\"fault-1\","
          "\"applied\":false}" },
        { "\"lose-request\",\"by\":\"truncate\"", "\"fault\":\"fault-1\",\"applied\":false}" },
        { "\"status\",\"status\":503",
          "\"status\":503,\"code\":\"Service Unavailable\",\"message\":\"a fault of the mock" },
        { "\"status\",\"status\":200,\"body\":{}", "\"status\":200,\"answer_bytes\":0," },
    };
    struct control_fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char rule[128];
        expect(f, HTTP_POST, "/_mock/reset", NULL, 200, "");
        given_running(f);
        snprintf(rule, sizeof rule, "{\"effect\":%s}", cases[i].effect);
        given_fault(f, rule);
        (void)ask(f, HTTP_POST, "/instances/web1/snapshots", "{\"kind\":\"Standby\"}");
        expect(f, HTTP_GET,
               "/_mock/journal?fault=fault-1&operation=createInstanceSnapshot&"
               "instance=web1",
               NULL, 200, cases[i].entry);
        assert_false(strstr(f->answer, "\"snapshot\":\"") != NULL &&
                     strstr(f->answer, "\"applied\":false") != NULL);
    }
}

/* --- when it comes --------------------------------------------------------------------------- */

static void advance(struct control_fixture *f, const char *by)
{
    char body[64];

    snprintf(body, sizeof body, "{\"by\":\"%s\"}", by);
    expect(f, HTTP_POST, "/_mock/clock/advance", body, 200, "");
}

static int64_t since_start_ms(const struct control_client *client)
{
    return (client->at_ns - WORLD_CLOCK_VIRTUAL_START_NS) / NS_PER_MS;
}

static void a_delayed_answer_is_of_the_moment_of_its_request(void **state)
{
    struct control_fixture *f = *state;
    struct control_client client;

    given_fault(f, "{\"effect\":\"delay\",\"delay\":\"2s\",\"times\":1}");
    client_begin(f, &client, "/instances");
    assert_false(client.ready);
    given_instance(f, "", "web1");
    advance(f, "1999ms");
    assert_false(client.ready);
    advance(f, "1m");
    expect_answered(&client, 200, "[]");
    assert_int_equal(since_start_ms(&client), 2000);
    client_end(&client);
}

static void a_fault_comes_when_a_wait_is_over(void **state)
{
    struct control_fixture *f = *state;
    struct control_client client;

    given_instance(f, "", "web1");
    given_fault(f, "[{\"match\":{\"status\":404},\"effect\":\"truncate\"},"
                   "{\"match\":{\"status\":200},\"effect\":\"commit-then-lose\",\"by\":\"status\","
                   "\"status\":504,\"delay\":\"1s\"}]");
    client_begin(f, &client, "/instances/web1/wait?state=Running&timeout=1m");
    expect_counts(f, "fault-2", 0, 0);
    advance(f, "1s");
    expect_counts(f, "fault-2", 1, 1);
    assert_false(client.ready);
    advance(f, "1s");
    expect_answered(&client, 504, "Gateway Timeout");
    assert_int_equal(since_start_ms(&client), 1250);
    client_end(&client);
}

static void rules_that_are_changed_meanwhile_do_not_concern_who_waits(void **state)
{
    struct control_fixture *f = *state;
    struct control_client client;

    given_instance(f, "", "web1");
    given_fault(f, "{\"effect\":\"truncate\"}");
    client_begin(f, &client, "/instances/web1/wait?state=Running&timeout=1m");
    expect(f, HTTP_DELETE, "/_mock/faults/fault-1", NULL, 204, "");
    given_fault(f, "{\"effect\":\"invalid-json\"}");
    advance(f, "1s");
    expect_answered(&client, 200, "{\"state\":\"Running\"");
    assert_string_equal(client.res.trace.fault == NULL ? "" : client.res.trace.fault, "");
    client_end(&client);
}

static void delays_vary_as_they_are_told(void **state)
{
    static const struct {
        const char *delay;
        int64_t least_ms, most_ms; /* of each       */
        int64_t median_from, median_to;
    } cases[] = {
        { "{\"min\":\"1s\",\"max\":\"3s\"}", 1000, 3000, 1800, 2200 },
        { "{\"min\":\"1s\",\"max\":\"1s\"}", 1000, 1000, 1000, 1000 },
        { "{\"median\":\"1s\",\"sigma\":0.5}", 100, 10000, 900, 1100 },
        { "{\"median\":\"1s\",\"sigma\":0}", 999, 1000, 999, 1000 },
    };
    struct control_fixture *f = *state;
    enum { DELAYS = 301 };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char rule[128];
        int below = 0, above = 0;
        expect(f, HTTP_POST, "/_mock/reset", NULL, 200, "");
        snprintf(rule, sizeof rule, "{\"effect\":\"delay\",\"seed\":1,\"delay\":%s}",
                 cases[i].delay);
        given_fault(f, rule);
        for (int k = 0; k < DELAYS; k++) {
            struct control_client client;
            const struct served_world *world = control_worlds(f->control)->main;
            const int64_t before_ns = world_clock_now_ns(&world->clock);
            client_begin(f, &client, "/instances");
            advance(f, "1m");
            const int64_t ms = (client.at_ns - before_ns) / NS_PER_MS;
            assert_true(client.ready);
            assert_in_range(ms, cases[i].least_ms, cases[i].most_ms);
            below += ms < cases[i].median_from;
            above += ms > cases[i].median_to;
            client_end(&client);
        }
        assert_true(below < DELAYS / 2 && above < DELAYS / 2);
    }
}

static void an_automatic_clock_leaps_over_a_delay_but_not_for_a_hang(void **state)
{
    struct control_fixture *f = *state;
    struct control_client slow, hanging;

    expect(f, HTTP_PUT, "/_mock/clock", "{\"mode\":\"auto\"}", 200, "");
    given_fault(f, "[{\"match\":{\"path\":\"/instances\"},\"effect\":\"delay\",\"delay\":\"1h\"},"
                   "{\"match\":{\"path\":\"/snapshots\"},\"effect\":\"hang\"}]");
    client_begin(f, &hanging, "/snapshots");
    control_turn(f->control);
    assert_int_equal(control_pause_ns(f->control), INT64_MAX);
    client_begin(f, &slow, "/instances");
    for (int i = 0; i < 3 && !slow.ready; i++)
        control_turn(f->control);
    expect_answered(&slow, 200, "[]");
    assert_false(hanging.ready);
    client_end(&slow);
    client_end(&hanging);
}

static void a_hang_ends_with_the_world_or_the_program_and_is_lost(void **state)
{
    struct control_fixture *f = *state;
    struct control_client in_world, in_program;

    expect(f, HTTP_POST, "/_mock/worlds", "{\"name\":\"a\"}", 201, "");
    expect(f, HTTP_POST, "/_w/a/_mock/faults", "{\"effect\":\"hang\"}", 201, "");
    given_fault(f, "{\"effect\":\"hang\"}");
    client_begin(f, &in_world, "/_w/a/instances");
    client_begin(f, &in_program, "/instances");
    advance(f, "1000h");
    assert_false(in_world.ready || in_program.ready);
    expect(f, HTTP_DELETE, "/_mock/worlds/a", NULL, 204, "");
    assert_true(in_world.ready && in_world.res.spoil.lost);
    assert_false(in_program.ready);
    control_finish(f->control);
    control_turn(f->control);
    assert_true(in_program.ready && in_program.res.spoil.lost);
    client_end(&in_world);
    client_end(&in_program);
}

/* What has come so far of a stream; it waits for more, unless it is over. */
static size_t receive(struct control_client *client)
{
    size_t len = client->res.body.len;

    while (client->ready && !client->res.stream.ended && response_pull(&client->res))
        len += client->res.body.len;
    if (client->ready && !client->res.stream.ended) {
        client->ready = false;
        buffer_clear(&client->res.body);
        control_wait(client->f->control, &client->res);
    }
    return len;
}

static void a_drip_keeps_its_pace_by_the_worlds_clock(void **state)
{
    struct control_fixture *f = *state;
    struct control_client client;

    given_instance(f, "", "web1");
    given_fault(f, "{\"effect\":\"drip\",\"bytes_per_second\":100}");
    client_begin(f, &client, "/instances");
    const uint64_t size = client.res.spoil.size;
    assert_true(client.ready && client.res.spoil.sized && size > 300);
    assert_int_equal(receive(&client), 1);
    advance(f, "40ms");
    assert_false(client.ready); /* in pieces of 50 ms */
    advance(f, "10ms");
    assert_true(client.ready);
    assert_int_equal(receive(&client), 5);
    advance(f, "2s");
    assert_int_equal(receive(&client), 200);
    advance(f, "1h");
    assert_int_equal(receive(&client), size - 206);
    assert_true(client.res.stream.ended && !client.res.stream.broken);
    client_end(&client);
}

static void what_a_followed_log_has_after_a_pause_drips_as_well(void **state)
{
    struct control_fixture *f = *state;
    struct control_client client;

    given_running(f);
    given_fault(f, "{\"match\":{\"operation\":\"getInstanceLogs\"},\"effect\":\"drip\","
                   "\"bytes_per_second\":10}");
    client_begin(f, &client, "/instances/web1/logs?follow=true");
    assert_false(client.res.spoil.sized);
    assert_int_equal(receive(&client), 1);
    advance(f, "1s");
    assert_int_equal(receive(&client), 10);
    advance(f, "1h");
    assert_true(receive(&client) > 300);
    assert_false(client.ready); /* there is no more */
    expect(f, HTTP_POST, "/instances/web1/stop", NULL, 200, "");
    assert_true(client.ready);
    assert_int_equal(receive(&client), 1);
    advance(f, "1s");
    assert_int_equal(receive(&client), 10);
    client_end(&client);
}

static void an_automatic_clock_leaps_over_a_drip(void **state)
{
    struct control_fixture *f = *state;
    struct control_client client;
    size_t len;

    expect(f, HTTP_PUT, "/_mock/clock", "{\"mode\":\"auto\"}", 200, "");
    given_instance(f, "", "web1");
    given_fault(f, "{\"effect\":\"drip\",\"bytes_per_second\":1}");
    client_begin(f, &client, "/instances");
    const uint64_t size = client.res.spoil.size;
    len = receive(&client);
    for (size_t turn = 0; turn < 5 * size && !client.res.stream.ended; turn++) {
        control_turn(f->control);
        if (client.ready)
            len += receive(&client);
    }
    assert_int_equal(len, size);
    client_end(&client);
}

/* --- memory ---------------------------------------------------------------------------------- */

static void without_memory_a_fault_is_made_or_applied_whole_or_not(void **state)
{
    static const char rule[] =
        "[{\"match\":{\"operation\":\"listInstances\",\"path\":\"/instances\","
        "\"instance\":\"a\",\"tags\":{\"a\":\"b\"},\"headers\":{\"a\":\"b\"}},"
        "\"effect\":\"status\",\"status\":503,\"retry_after\":\"1500ms\",\"headers\":{\"a\":\"b\"},"
        "\"body\":{\"a\":1}},{\"effect\":\"empty\"}]";
    struct control_fixture *f = *state;

    for (size_t n = 0;; n++) {
        assert_true(n < 200);
        alloc_fail_after(n);
        const int status = ask(f, HTTP_POST, "/_mock/faults", rule);
        const bool failed = alloc_fail_stop() != 0;
        assert_true(status == 201 || status == 500);
        expect(f, HTTP_GET, "/_mock/faults", NULL, 200, status == 201 ? "fault-" : "[]");
        if (!failed)
            break;
        expect(f, HTTP_DELETE, "/_mock/faults", NULL, 204, "");
    }
}

static void without_memory_an_answer_is_spoilt_or_a_500(void **state)
{
    static const char *const effects[] = {
        "\"effect\":\"status\",\"status\":503,\"headers\":{\"a\":\"b\"}",
        "\"effect\":\"truncate\"",
        "\"effect\":\"invalid-json\"",
        "\"effect\":\"drip\",\"bytes_per_second\":1000000",
        "\"effect\":\"delay\",\"delay\":\"1ns\"",
        "\"effect\":\"commit-then-lose\"",
    };
    struct control_fixture *f = *state;

    f->settings.plan.journal_bytes = 0; /* it is on the memory of worlds */
    control_restart(f);
    given_instance(f, "", "web1");
    for (size_t i = 0; i < ARRAY_LEN(effects); i++) {
        char rule[128];
        snprintf(rule, sizeof rule, "{%s}", effects[i]);
        given_fault(f, rule);
        for (size_t n = 0;; n++) {
            struct control_client client;
            assert_true(n < 200);
            alloc_fail_after(n);
            client_begin(f, &client, "/instances");
            const bool failed = alloc_fail_stop() != 0;
            control_turn(f->control);
            const int status = client.res.status;
            client_end(&client);
            if (status != 200 && status != 503 && status != 500 && status != 413)
                fail_msg("%s, %zu: %d", effects[i], n, status);
            if (!failed)
                break;
        }
        expect(f, HTTP_DELETE, "/_mock/faults", NULL, 204, "");
    }
}

/* The copy of the world in which it happens in vain is on the memory of worlds. */
static void without_memory_a_request_is_lost_or_a_500(void **state)
{
    struct control_fixture *f = *state;

    given_instance(f, "", "web1");
    given_fault(f, "{\"effect\":\"lose-request\",\"by\":\"invalid-json\"}");
    for (size_t n = 0, status = 0; status != 200; n++) {
        assert_true(n < 100);
        f->fake.allowed = n;
        status = (size_t)ask(f, HTTP_GET, "/instances", NULL);
        f->fake.allowed = FAKE_ENV_NEVER_FAILS;
        assert_true(status == 500 || status == 200);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, control_setup, control_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_rule_is_about_the_requests_that_fit_all_it_says),
        TEST(an_instance_is_known_by_its_id_too),
        TEST(a_refusal_can_be_matched_by_its_status),
        TEST(requests_under_mock_have_no_faults),
        TEST(a_rule_skips_and_ends),
        TEST(chances_come_again_with_their_seed),
        TEST(a_probability_of_none_never_applies_and_of_one_always),
        TEST(a_request_is_the_first_rules_that_takes_it),
        TEST(there_are_64_faults_at_most),
        TEST(faults_of_one_world_touch_no_other),
        TEST(a_reset_removes_faults_unless_it_is_asked_to_keep_them),
        TEST(an_operation_happens_or_not_as_the_effect_says),
        TEST(what_a_lost_request_would_have_made_has_the_id_that_its_retry_makes),
        TEST(an_answer_without_a_body_is_not_cut),
        TEST(the_journal_says_which_fault_and_whether_the_operation_happened),
        TEST(a_delayed_answer_is_of_the_moment_of_its_request),
        TEST(a_fault_comes_when_a_wait_is_over),
        TEST(rules_that_are_changed_meanwhile_do_not_concern_who_waits),
        TEST(delays_vary_as_they_are_told),
        TEST(an_automatic_clock_leaps_over_a_delay_but_not_for_a_hang),
        TEST(a_hang_ends_with_the_world_or_the_program_and_is_lost),
        TEST(a_drip_keeps_its_pace_by_the_worlds_clock),
        TEST(what_a_followed_log_has_after_a_pause_drips_as_well),
        TEST(an_automatic_clock_leaps_over_a_drip),
        TEST(without_memory_a_fault_is_made_or_applied_whole_or_not),
        TEST(without_memory_an_answer_is_spoilt_or_a_500),
        TEST(without_memory_a_request_is_lost_or_a_500),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
