#include "tests/unit/common/check.h"

#include <string.h>

#include "common/program/read_file.h"
#include "conformance/rpc/twins.h"
#include "tests/unit/conformance/fixture.h"

enum { SET_MAX = 4 << 20 };

#define CASE(steps) "{\"title\":\"t\",\"rules\":[\"SNAP-C-001\"],\"steps\":[" steps "]}"
#define GET         "{\"request\":\"GET /snapshots\",\"expect\":{\"status\":[200,404]}}"
#define RAW         "{\"request\":\"POST /snapshots\",\"raw\":\"{\",\"expect\":{\"status\":400}}"
#define WAIT                                                                                       \
    "{\"request\":\"GET /instances/a/wait\",\"query\":{\"state\":\"Running\"},"                    \
    "\"expect\":{\"status\":200}}"

/* What goes on around the steps of a twin. */
#define ENTER                                                                                      \
    { .status = 201, .body = "{}" },                                                               \
    {                                                                                              \
        .status = 200, .body = "{}"                                                                \
    }
#define LEAVE(s)                                                                                   \
    { .status = 200, .body = s },                                                                  \
    {                                                                                              \
        .status = 204                                                                              \
    }

static struct rpc_api api;

static int load(void **state)
{
    SCOPED(buffer) struct buffer set = buffer_capped(SET_MAX);
    struct error err = { 0 };

    (void)state;
    return read_file(HYPEMAN_DESCRIPTOR_SET, SET_MAX, &set, &err) &&
                   rpc_api_load(buffer_text(&set), &api, &err)
               ? 0
               : -1;
}

static int unload(void **state)
{
    (void)state;
    rpc_api_fini(&api);
    return 0;
}

/* Owned: result_free(). */
static struct result *play_both(struct fixture *f, const char *json,
                                const struct fake_answer *script)
{
    fixture_begin(f);
    fixture_add(f, "cases/a.json", json);
    fixture_load(f);
    f->target.has[CAPABILITY_WORLDS] = true;
    const struct stage stage = fixture_stage(f, script);
    const struct stage by[] = { stage, stage };
    struct result *result = result_new(&f->set.items[0], VIA_BOTH);
    assert_non_null(result);
    assert_true(twins_play(&f->set.items[0], by, &api, result));
    return result;
}

/* Of the answer by gRPC and by REST, and the states that come of it. */
static void twins_must_answer_alike_and_end_alike(void **state)
{
    (void)state;
    static const struct {
        struct fake_answer grpc, rest;
        const char *states[2];
        const char *mismatch[3]; /* path, by REST, by gRPC; NULL: none */
    } rows[] = {
        { { .status = 200, .body = "[]", .grpc_code = "OK" },
          { .status = 200, .body = "[]" },
          { "{\"a\":1}", "{\"a\":1}" },
          { NULL } },
        /* what a message cannot tell apart */
        { { .status = 200,
            .body = "[{\"id\":\"\",\"kind\":\"Stopped\",\"tags\":{},\"source_instance_id\":\"\","
                    "\"source_instance_name\":\"\",\"size_bytes\":0}]",
            .grpc_code = "OK" },
          { .status = 200, .body = "[{\"kind\":\"Stopped\",\"tags\":null,\"name\":null}]" },
          { "{}", "{}" },
          { NULL } },
        /* and what it can */
        { { .status = 200, .body = "[]", .grpc_code = "OK" },
          { .status = 200, .body = "[{\"kind\":\"Stopped\"}]" },
          { "{}", "{}" },
          { "",
            "[{\"kind\":\"Stopped\",\"id\":\"\",\"tags\":{},\"source_instance_id\":\"\","
            "\"source_instance_name\":\"\",\"size_bytes\":0}]",
            "[]" } },
        { { .status = 200, .body = "[]", .grpc_code = "OK" },
          { .status = 404, .body = "{\"code\":\"x\",\"message\":\"m\"}" },
          { "{}", "{}" },
          { "status", "404", "200" } },
        { { .status = 404, .body = "{\"code\":\"y\",\"message\":\"m\"}", .grpc_code = "NOT_FOUND" },
          { .status = 404, .body = "{\"code\":\"x\",\"message\":\"m\"}" },
          { "{}", "{}" },
          { "/code", "\"x\"", "\"y\"" } },
        { { .status = 200, .body = "[]", .grpc_code = "OK" },
          { .status = 200, .body = "[]" },
          { "{\"a\":[{\"b\":1}]}", "{\"a\":[{\"b\":2}]}" },
          { "state/a/0/b", "2", "1" } },
        { { .status = 200, .body = "[]", .grpc_code = "OK" },
          { .status = 200, .body = "[]" },
          { "{\"a\":1}", "{\"a\":1 }" },
          { "state", "the same bytes", "others" } },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct fake_answer script[] = { ENTER, rows[i].grpc, LEAVE(rows[i].states[0]),
                                              ENTER, rows[i].rest, LEAVE(rows[i].states[1]),
                                              { 0 } };
        struct fixture f;
        struct result *result = play_both(&f, CASE(GET), script);
        const struct mismatch *m = result->mismatches;
        assert_int_equal(result->outcome,
                         rows[i].mismatch[0] == NULL ? OUTCOME_PASS : OUTCOME_FAIL);
        if (m != NULL) {
            assert_string_equal(m->path, rows[i].mismatch[0]);
            assert_string_equal(m->expected, rows[i].mismatch[1]);
            assert_string_equal(m->got, rows[i].mismatch[2]);
            assert_string_equal(result->reason, "- is by REST, + by gRPC");
        }
        result_free(result);
        fixture_end(&f);
    }
}

static void assert_calls(const struct fixture *f, const char *const *calls)
{
    size_t i = 0;

    for (; calls[i] != NULL && i < f->call_count; i++)
        assert_string_equal(f->calls[i], calls[i]);
    assert_null(calls[i]);
    assert_int_equal(i, f->call_count);
}

/* Both begin alike; what gRPC cannot say is asked of neither; a wait ends by moving the clock. */
static void twins_begin_alike_and_are_asked_the_same(void **state)
{
    (void)state;
    static const struct fake_answer script[] = {
        ENTER,
        { .status = 200, .body = "{}" },
        { .status = 200, .body = "{\"timed_out\":false}", .grpc_code = "OK" },
        LEAVE("{}"),
        ENTER,
        { .status = 200, .body = "{}" },
        { .status = 200, .body = "{\"timed_out\":false}" },
        LEAVE("{}"),
        { 0 },
    };
#define MADE(name) "POST /_mock/worlds {\"name\":\"" name "\",\"clock\":\"virtual\",\"seed\":7}"
#define CLOCK(name)                                                                                \
    "PUT /_w/" name "/_mock/clock {\"mode\":\"virtual\",\"now\":\"2026-01-01T00:00:00Z\"}"
#define MOVED(name)                                                                                \
    "POST /_w/" name "/_mock/clock/advance "                                                       \
    "{\"until\":{\"instance\":\"a\",\"state\":\"Running\"},\"at_most\":\"1h\"}"
    struct fixture f;
    struct result *result = play_both(&f, CASE(RAW "," WAIT), script);

    assert_int_equal(result->outcome, OUTCOME_PASS);
    assert_string_equal(result->reason,
                        "only by REST: POST /snapshots: it sends bytes that are no message");
    assert_calls(&f,
                 (const char *const[]){
                     MADE("hc1-0-grpc"), CLOCK("hc1-0-grpc"), MOVED("hc1-0-grpc"),
                     "GET /instances/a/wait?state=Running", "GET /_w/hc1-0-grpc/_mock/state",
                     "DELETE /_mock/worlds/hc1-0-grpc", MADE("hc1-0-rest"), CLOCK("hc1-0-rest"),
                     MOVED("hc1-0-rest"), "GET /_w/hc1-0-rest/instances/a/wait?state=Running",
                     "GET /_w/hc1-0-rest/_mock/state", "DELETE /_mock/worlds/hc1-0-rest", NULL });
    result_free(result);
    fixture_end(&f);
}

#define REFUSED "{\"code\":\"x\",\"message\":\"m\"}"

/* What is expected needs a clock that runs, maybe: that is judged elsewhere. */
static void twins_that_stop_at_the_same_step_are_compared_so_far(void **state)
{
    (void)state;
    static const struct {
        const char *rest; /* by gRPC it is REFUSED */
        enum outcome outcome;
        const char *reason;
    } rows[] = {
        { REFUSED, OUTCOME_PASS, "alike up to \"GET /snapshots\", for which a clock must run" },
        { "{\"code\":\"y\",\"message\":\"m\"}", OUTCOME_FAIL, "- is by REST, + by gRPC" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct fake_answer script[] = {
            ENTER,
            { .status = 500, .body = REFUSED, .grpc_code = "INTERNAL" },
            LEAVE("{}"),
            ENTER,
            { .status = 500, .body = rows[i].rest },
            LEAVE("{}"),
            { 0 }
        };
        struct fixture f;
        struct result *result = play_both(&f, CASE(GET), script);
        assert_int_equal(result->outcome, rows[i].outcome);
        assert_string_equal(result->reason, rows[i].reason);
        result_free(result);
        fixture_end(&f);
    }
}

static void a_wait_in_vain_is_left_out_of_both(void **state)
{
    (void)state;
    static const struct fake_answer script[] = {
        ENTER,
        { .status = 409, .body = REFUSED },
        { .status = 200, .body = "[]", .grpc_code = "OK" },
        LEAVE("{}"),
        ENTER,
        { .status = 409, .body = REFUSED },
        { .status = 200, .body = "[]" },
        LEAVE("{}"),
        { 0 },
    };
    struct fixture f;
    struct result *result = play_both(&f, CASE(WAIT "," GET), script);

    assert_int_equal(result->outcome, OUTCOME_PASS);
    assert_string_equal(result->reason,
                        "only by REST: GET /instances/a/wait: it waits in vain, and "
                        "the twins' clocks stand");
    assert_int_equal(f.call_count, 12);
    result_free(result);
    fixture_end(&f);
}

static void a_twin_that_cannot_go_on_says_so(void **state)
{
    (void)state;
    static const struct fake_answer script[] = {
        ENTER,
        { .failure = ERROR_NOT_SUPPORTED },
        LEAVE("{}"),
        { 0 },
    };
    struct fixture f;
    struct result *result = play_both(&f, CASE(GET), script);

    assert_int_equal(result->outcome, OUTCOME_SKIP);
    assert_string_equal(result->reason, "only by REST: GET /snapshots: scripted");
    assert_int_equal(f.call_count, 5);
    result_free(result);
    fixture_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(twins_must_answer_alike_and_end_alike),
        cmocka_unit_test(twins_begin_alike_and_are_asked_the_same),
        cmocka_unit_test(twins_that_stop_at_the_same_step_are_compared_so_far),
        cmocka_unit_test(a_wait_in_vain_is_left_out_of_both),
        cmocka_unit_test(a_twin_that_cannot_go_on_says_so),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
