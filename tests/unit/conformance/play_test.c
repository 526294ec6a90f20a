#include "tests/unit/common/check.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/conformance/fixture.h"

#define CASE(steps) "{\"title\":\"t\",\"rules\":[\"SNAP-C-001\"],\"steps\":[" steps "]}"
#define THING       "{\"id\":\"abcdefghijklmnopqrstuvwx\",\"name\":null,\"kind\":\"Standby\"}"
#define REFUSED     "{\"code\":\"conflict\",\"message\":\"no\"}"
#define MAKE                                                                                       \
    "{\"request\":\"POST /things\",\"body\":{\"name\":\"${run}-a\"},\"expect\":{\"status\":201},"  \
    "\"capture\":{\"thing\":\"/id\"}}"

static void load(struct fixture *f, const char *json)
{
    fixture_begin(f);
    fixture_add(f, "fragments/made.json", "{\"title\":\"t\",\"steps\":[" MAKE "]}");
    fixture_add(f, "cases/a.json", json);
    fixture_load(f);
}

static void assert_calls(const struct fixture *f, const char *const *calls)
{
    size_t i = 0;

    for (; calls[i] != NULL && i < f->call_count; i++)
        assert_string_equal(f->calls[i], calls[i]);
    assert_null(calls[i]);
    assert_int_equal(i, f->call_count);
}

static void answers_decide_the_outcome(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        struct fake_answer script[4];
        enum outcome outcome;
        const char *mismatch; /* "PATH EXPECTED GOT"; NULL: none */
        const char *reason;   /* NULL: none                      */
    } rows[] = {
        { CASE("{\"request\":\"GET /things\",\"expect\":{\"status\":200,\"body\":[]}}"),
          { { .status = 200, .body = "[]" } },
          OUTCOME_PASS,
          NULL,
          NULL },
        { CASE("{\"request\":\"GET /things\",\"expect\":{\"status\":[404,500]}}"),
          { { .status = 200, .body = "[]" } },
          OUTCOME_FAIL,
          "status 404 or 500 200",
          NULL },
        { CASE("{\"request\":\"POST /things\",\"expect\":{\"status\":409,\"code\":\"taken\"}}"),
          { { .status = 409, .body = REFUSED } },
          OUTCOME_FAIL,
          "/code \"taken\" \"conflict\"",
          NULL },
        { CASE("{\"request\":\"POST /things\",\"expect\":{\"status\":409,\"message\":"
               "{\"$contains\":\"x\"}}}"),
          { { .status = 409, .body = REFUSED } },
          OUTCOME_FAIL,
          "/message contains \"x\" \"no\"",
          NULL },
        { CASE("{\"request\":\"GET /things\",\"expect\":{\"status\":200,\"headers\":"
               "{\"x-a\":\"b\"}}}"),
          { { .status = 200, .body = "[]" } },
          OUTCOME_FAIL,
          "header x-a \"b\" nothing",
          NULL },
        { CASE("{\"request\":\"GET /things\",\"expect\":{\"status\":200,\"text\":\"[ ]\"}}"),
          { { .status = 200, .body = "[]" } },
          OUTCOME_FAIL,
          "body \"[ ]\" \"[]\"",
          NULL },
        /* the form of the answer, whatever the case expects */
        { CASE("{\"request\":\"GET /things\",\"expect\":{\"status\":200}}"),
          { { .status = 200, .body = "{}" } },
          OUTCOME_FAIL,
          " an array {}",
          NULL },
        /* each of the repeated */
        { CASE("{\"request\":\"GET /things\",\"repeat\":2,\"expect\":{\"status\":200}}"),
          { { .status = 200, .body = "[]" }, { .status = 500, .body = REFUSED } },
          OUTCOME_FAIL,
          "status 200 500",
          NULL },
        /* until it is so */
        { CASE("{\"request\":\"GET /things\",\"within\":\"5s\",\"expect\":{\"status\":200}}"),
          { { .status = 500, .body = REFUSED }, { .status = 200, .body = "[]" } },
          OUTCOME_PASS,
          NULL,
          NULL },
        { CASE("{\"request\":\"GET /things\",\"within\":\"5s\",\"expect\":{\"status\":200}}"),
          { { .status = 500, .body = REFUSED } },
          OUTCOME_FAIL,
          "status 200 500",
          NULL },
        /* what later steps need must be there */
        { CASE("{\"request\":\"GET /things\",\"expect\":{\"status\":200},\"capture\":"
               "{\"a\":\"/0/id\"}}"),
          { { .status = 200, .body = "[]" } },
          OUTCOME_FAIL,
          "/0/id to be present, for later steps nothing",
          NULL },
        { CASE("{\"request\":\"GET /things/${b}\",\"expect\":{\"status\":200}}"),
          { { .status = 200, .body = "[]" } },
          OUTCOME_ERROR,
          NULL,
          "the case is wrong: nothing has been captured as ${b}" },
        /* fragments */
        { CASE("{\"use\":\"made\",\"as\":\"x\"}"),
          { { .status = 409, .body = REFUSED } },
          OUTCOME_NOT_TESTABLE,
          "status 201 409",
          NULL },
        { CASE("{\"use\":\"made\",\"as\":\"x\"}"),
          { { .failure = ERROR_DEADLINE_EXCEEDED } },
          OUTCOME_NOT_TESTABLE,
          NULL,
          "scripted" },
        /* no answer */
        { CASE(MAKE), { { .failure = ERROR_DEADLINE_EXCEEDED } }, OUTCOME_FAIL, NULL, "scripted" },
        { CASE(MAKE), { { .failure = ERROR_OUTCOME_UNKNOWN } }, OUTCOME_FAIL, NULL, "scripted" },
        { CASE(MAKE), { { .failure = ERROR_INTERNAL } }, OUTCOME_FAIL, NULL, "scripted" },
        { CASE(MAKE), { { .failure = ERROR_UNAVAILABLE } }, OUTCOME_NOT_RUN, NULL, "scripted" },
        { CASE(MAKE),
          { { .failure = ERROR_CANCELLED } },
          OUTCOME_NOT_RUN,
          NULL,
          "the run was ended" },
        { CASE(MAKE), { { .failure = ERROR_NO_MEMORY } }, OUTCOME_ERROR, NULL, "scripted" },
        /* what is not all there is not judged */
        { CASE("{\"request\":\"GET /things\",\"expect\":{\"status\":200}}"),
          { { .status = 200, .body = "[", .cut = true } },
          OUTCOME_ERROR,
          NULL,
          "the answer is longer than the suite keeps" },
        /* a clock that cannot be moved although the target says so */
        { CASE("{\"clock\":{\"advance\":\"5s\"}}"),
          { { .status = 404, .body = REFUSED } },
          OUTCOME_ERROR,
          NULL,
          "POST /_w/hc1-0/_mock/clock/advance answered 404 instead of 200: " REFUSED },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fixture f;
        load(&f, rows[i].json);
        struct result *result = fixture_play(&f, rows[i].script);
        const struct mismatch *m = result->mismatches;
        const char *got =
            m == NULL ? NULL : arena_printf(&f.arena, "%s %s %s", m->path, m->expected, m->got);
        if (result->outcome != rows[i].outcome)
            fail_msg("row %zu: %s, %s", i, outcome_rows[result->outcome].name,
                     result->reason == NULL ? "" : result->reason);
        assert_int_equal(got == NULL, rows[i].mismatch == NULL);
        if (got != NULL)
            assert_string_equal(got, rows[i].mismatch);
        assert_int_equal(result->reason == NULL, rows[i].reason == NULL);
        if (result->reason != NULL)
            assert_string_equal(result->reason, rows[i].reason);
        assert_int_equal(result->at == NULL, rows[i].outcome == OUTCOME_PASS);
        result_free(result);
        fixture_end(&f);
    }
}

static void placeholders_queries_and_headers_become_a_request(void **state)
{
    (void)state;
    struct fixture f;

    load(&f, CASE(MAKE ",{\"request\":\"GET /things/${thing}\",\"query\":{\"tags[${run}]\":\"a "
                       "b\",\"n\":[\"1\",\"2\"]},\"headers\":{\"Authorization\":null,\"X-Y\":"
                       "\"${thing}\"},\"expect\":{\"status\":200}}"));
    const struct fake_answer script[] = {
        { .status = 201, .body = THING }, { .status = 200, .body = THING }, { .status = 204 }, { 0 }
    };
    struct result *result = fixture_play(&f, script);
    assert_int_equal(result->outcome, OUTCOME_PASS);
    assert_calls(&f, (const char *const[]){
                         "POST /things {\"name\":\"hc1-0-a\"}",
                         "GET /things/abcdefghijklmnopqrstuvwx?tags[hc1-0]=a%20b&n=1&n=2",
                         "DELETE /snapshots/abcdefghijklmnopqrstuvwx",
                         NULL,
                     });
    const struct exchange *first = result->exchanges;
    /* The token is sent and not kept. */
    assert_text(http_find_header(first->headers, first->header_count, "authorization"),
                "Bearer ***");
    assert_text(http_find_header(first->headers, first->header_count, "content-type"),
                "application/json");
    const struct exchange *second = first->next;
    assert_int_equal(second->header_count, 1);
    assert_text(second->headers[0].value, "abcdefghijklmnopqrstuvwx");
    result_free(result);
    fixture_end(&f);
}

static void what_was_made_is_deleted_in_the_order_of_dependence_also_after_a_failure(void **state)
{
    (void)state;
    struct fixture f;

    load(&f,
         CASE("{\"request\":\"POST /things\",\"expect\":{\"status\":201}},"
              "{\"request\":\"POST /instances\",\"expect\":{\"status\":201}},"
              "{\"request\":\"POST /things\",\"expect\":{\"status\":201}},"
              "{\"request\":\"DELETE /snapshots/abcdefghijklmnopqrstuvwx\",\"expect\":{\"status\":"
              "204}},"
              "{\"request\":\"GET /things\",\"expect\":{\"status\":500}}"));
    const struct fake_answer script[] = {
        { .status = 201, .body = THING },
        { .status = 201, .body = "{\"id\":\"vm\"}" },
        { .status = 201,
          .body = "{\"id\":\"bbcdefghijklmnopqrstuvwx\",\"name\":null,\"kind\":\"Standby\"}" },
        { .status = 204 },
        { .status = 200, .body = "[]" },
        { .status = 204 },
        { 0 },
    };
    struct result *result = fixture_play(&f, script);
    assert_int_equal(result->outcome, OUTCOME_FAIL);
    assert_int_equal(f.call_count, 7);
    assert_string_equal(f.calls[5], "DELETE /snapshots/bbcdefghijklmnopqrstuvwx");
    assert_string_equal(f.calls[6], "DELETE /instances/vm");
    result_free(result);
    fixture_end(&f);
}

static void a_run_that_is_ended_stops_between_steps_and_still_tidies_up(void **state)
{
    (void)state;
    struct fixture f;

    load(&f, CASE(MAKE "," MAKE));
    f.cancel_after = 1;
    const struct fake_answer script[] = { { .status = 201, .body = THING },
                                          { .status = 204 },
                                          { 0 } };
    struct result *result = fixture_play(&f, script);
    assert_int_equal(result->outcome, OUTCOME_NOT_RUN);
    assert_string_equal(result->reason, "the run was ended");
    assert_int_equal(f.call_count, 2);
    assert_string_equal(f.calls[1], "DELETE /snapshots/abcdefghijklmnopqrstuvwx");
    result_free(result);
    fixture_end(&f);
}

static void where_there_are_worlds_a_scenario_has_one_and_takes_everything_along(void **state)
{
    (void)state;
    struct fixture f;

    load(&f, "{\"title\":\"t\",\"rules\":[\"SNAP-C-001\"],\"needs\":[\"worlds\"],\"steps\":["
             "{\"clock\":{\"mode\":\"virtual\",\"advance\":\"1m30s\"}},"
             "{\"hook\":\"PUT /capacity/${run}\",\"body\":{\"a\":\"${run}\"}}," MAKE "]}");
    f.target.has[CAPABILITY_WORLDS] = true;
    const struct fake_answer script[] = { { .status = 201, .body = "{}" },
                                          { .status = 200, .body = "{}" },
                                          { .status = 200, .body = "{}" },
                                          { .status = 200, .body = "{}" },
                                          { .status = 201, .body = THING },
                                          { .status = 204 },
                                          { 0 } };
    struct result *result = fixture_play(&f, script);
    assert_int_equal(result->outcome, OUTCOME_PASS);
    assert_calls(&f, (const char *const[]){
                         "POST /_mock/worlds {\"name\":\"hc1-0\",\"clock\":\"auto\"}",
                         "PUT /_w/hc1-0/_mock/clock {\"mode\":\"virtual\"}",
                         "POST /_w/hc1-0/_mock/clock/advance {\"by\":\"1m30s\"}",
                         "PUT /_w/hc1-0/_mock/capacity/hc1-0 {\"a\":\"hc1-0\"}",
                         "POST /_w/hc1-0/things {\"name\":\"hc1-0-a\"}",
                         "DELETE /_mock/worlds/hc1-0",
                         NULL,
                     });
    result_free(result);
    fixture_end(&f);
}

/* The scenario's own names begin with hc1-0, those of others do not. */
static void what_was_made_without_an_answer_is_found_by_its_name(void **state)
{
    (void)state;
    struct fixture f;

    load(&f, CASE("{\"request\":\"POST /instances\",\"expect\":{\"status\":201}}"));
    const struct fake_answer script[] = {
        { .failure = ERROR_DEADLINE_EXCEEDED },
        { .status = 200,
          .body = "[{\"id\":\"s1\",\"source_instance_name\":\"hc1-0-vm\"},"
                  "{\"id\":\"s2\",\"source_instance_name\":\"hc1-01-vm\"}]" },
        { .status = 204 },
        { .status = 200,
          .body = "[{\"id\":\"a\",\"name\":\"mine\"},{\"id\":\"b\",\"name\":\"hc1-0\"},"
                  "{\"id\":\"c\",\"name\":null},{\"id\":\"d\",\"name\":\"hc1-0-x\"},7]" },
        { .status = 204 },
        { 0 },
    };
    struct result *result = fixture_play(&f, script);
    assert_int_equal(result->outcome, OUTCOME_FAIL);
    assert_calls(&f, (const char *const[]){ "POST /instances", "GET /snapshots",
                                            "DELETE /snapshots/s1", "GET /instances",
                                            "DELETE /instances/b", "DELETE /instances/d", NULL });
    result_free(result);
    fixture_end(&f);
}

static void over_grpc_the_world_is_a_header_and_the_status_follows_the_published_table(void **state)
{
    (void)state;
    static const struct {
        const char *grpc; /* the step's */
        int status;
        const char *code;
        const char *expected; /* NULL: it fits */
    } rows[] = {
        { "{}", 404, "NOT_FOUND", NULL },
        { "{}", 404, "INTERNAL", "NOT_FOUND" },
        { "{}", 409, "ALREADY_EXISTS", NULL },
        { "{}", 409, "FAILED_PRECONDITION", NULL },
        { "{\"code\":\"ALREADY_EXISTS\"}", 409, "FAILED_PRECONDITION", "ALREADY_EXISTS" },
        { "{\"code\":\"OUT_OF_RANGE\"}", 400, "OUT_OF_RANGE", NULL },
        { "{}", 418, "OK", "UNKNOWN" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fixture f;
        char json[512];
        (void)snprintf(
            json, sizeof json,
            CASE("{\"request\":\"GET /things/a\",\"grpc\":%s,\"expect\":{\"status\":%d}}"),
            rows[i].grpc, rows[i].status);
        load(&f, json);
        f.via = VIA_GRPC;
        f.target.has[CAPABILITY_WORLDS] = true;
        const struct fake_answer script[] = {
            { .status = 201, .body = "{}" },
            { .status = rows[i].status, .body = "[]", .grpc_code = rows[i].code },
            { .status = 204 },
            { 0 },
        };
        struct result *result = fixture_play(&f, script);
        assert_string_equal(f.calls[1], "GET /things/a");
        const struct exchange *second = result->exchanges->next;
        assert_text(http_find_header(second->headers, second->header_count, "x-mock-world"),
                    "hc1-0");
        const struct mismatch *m = result->mismatches;
        assert_int_equal(m == NULL, rows[i].expected == NULL);
        if (m != NULL) {
            assert_string_equal(m->path, "gRPC status");
            assert_string_equal(m->expected, rows[i].expected);
        }
        result_free(result);
        fixture_end(&f);
    }
}

static void what_grpc_cannot_say_is_left_out_unless_later_steps_build_on_it(void **state)
{
    (void)state;
#define ASK(method, more, status)                                                                  \
    "{\"request\":\"" method " /things\"," more "\"expect\":{\"status\":" #status "}}"
    static const struct {
        const char *json;
        struct fake_answer script[4];
        enum outcome outcome;
        const char *reason;
        size_t calls;
    } rows[] = {
        /* a look, or a refusal */
        { CASE(ASK("GET", "", 200) "," ASK("GET", "", 200)),
          { { .failure = ERROR_NOT_SUPPORTED },
            { .status = 200, .body = "[]", .grpc_code = "OK" } },
          OUTCOME_PASS,
          "only by REST: GET /things: scripted",
          2 },
        { CASE(ASK("POST", "", 400) "," ASK("GET", "", 200)),
          { { .failure = ERROR_NOT_SUPPORTED },
            { .status = 200, .body = "[]", .grpc_code = "OK" } },
          OUTCOME_PASS,
          "only by REST: POST /things: scripted",
          2 },
        /* nothing was asked at all */
        { CASE(ASK("GET", "", 200)),
          { { .failure = ERROR_NOT_SUPPORTED } },
          OUTCOME_SKIP,
          "only by REST: GET /things: scripted",
          1 },
        /* what makes something, or is captured */
        { CASE(ASK("POST", "", 201) "," ASK("GET", "", 200)),
          { { .failure = ERROR_NOT_SUPPORTED } },
          OUTCOME_SKIP,
          "only by REST: POST /things: scripted",
          1 },
        { CASE(ASK("GET", "\"capture\":{\"a\":\"/0/id\"},", 200) "," ASK("GET", "", 200)),
          { { .failure = ERROR_NOT_SUPPORTED } },
          OUTCOME_SKIP,
          "only by REST: GET /things: scripted",
          1 },
        /* known before it is tried */
        { CASE(ASK("POST", "\"raw\":\"{\",", 400) "," ASK("GET", "", 200)),
          { { .status = 200, .body = "[]", .grpc_code = "OK" } },
          OUTCOME_PASS,
          "only by REST: POST /things: it sends bytes that are no message",
          1 },
        { CASE(ASK("POST", "\"grpc\":{\"skip\":\"no RPC\"},", 201) "," ASK("GET", "", 200)),
          { { .status = 200, .body = "[]", .grpc_code = "OK" } },
          OUTCOME_PASS,
          "only by REST: POST /things: no RPC",
          1 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fixture f;
        load(&f, rows[i].json);
        f.via = VIA_GRPC;
        struct result *result = fixture_play(&f, rows[i].script);
        assert_int_equal(result->outcome, rows[i].outcome);
        assert_string_equal(result->reason, rows[i].reason);
        assert_int_equal(f.call_count, rows[i].calls);
        result_free(result);
        fixture_end(&f);
    }
}

static void a_world_that_cannot_be_made_is_an_error_of_the_set_up(void **state)
{
    (void)state;
    static const struct fake_answer script[] = { { .status = 200, .body = "{}" }, { 0 } };
    const char *own[2];
    struct fixture f;

    load(&f, CASE(MAKE));
    f.target.has[CAPABILITY_WORLDS] = true;
    struct result *result = fixture_play(&f, script);
    assert_int_equal(result->outcome, OUTCOME_ERROR);
    assert_string_equal(result->reason, "POST /_mock/worlds answered 200 instead of 201: {}");
    assert_string_equal(result_broken_rules(result, NULL, own)[0], "SNAP-C-001");
    assert_calls(&f, (const char *const[]){
                         "POST /_mock/worlds {\"name\":\"hc1-0\",\"clock\":\"auto\"}", NULL });
    result_free(result);
    fixture_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_decide_the_outcome),
        cmocka_unit_test(placeholders_queries_and_headers_become_a_request),
        cmocka_unit_test(what_was_made_is_deleted_in_the_order_of_dependence_also_after_a_failure),
        cmocka_unit_test(what_was_made_without_an_answer_is_found_by_its_name),
        cmocka_unit_test(
            over_grpc_the_world_is_a_header_and_the_status_follows_the_published_table),
        cmocka_unit_test(what_grpc_cannot_say_is_left_out_unless_later_steps_build_on_it),
        cmocka_unit_test(a_world_that_cannot_be_made_is_an_error_of_the_set_up),
        cmocka_unit_test(a_run_that_is_ended_stops_between_steps_and_still_tidies_up),
        cmocka_unit_test(where_there_are_worlds_a_scenario_has_one_and_takes_everything_along),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
