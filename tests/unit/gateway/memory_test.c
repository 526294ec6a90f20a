/* Allocation 0, 1, 2 ... of our own code fails, until the work succeeds: every failure is reported
 * and nothing leaks (AddressSanitizer watches). */
#include "tests/unit/gateway/fixture.h"

#include <stdio.h>

#include "gateway/proxy/call.h"
#include "gateway/proxy/rpc_status.h"
#include "gateway/services/reflection.h"
#include "gateway/transcode/from_json.h"
#include "gateway/transcode/request.h"
#include "gateway/transcode/to_json.h"
#include "tests/unit/common/alloc_fail.h"

enum { ATTEMPTS_MAX = 100000 };

static void assert_out_of_memory(const struct error *err)
{
    if (err->code != ERROR_NO_MEMORY && err->code != ERROR_RESOURCE_EXHAUSTED)
        fail_msg("%s: %s", error_code_name(err->code), err->message);
}

static void loading_a_schema_survives_every_failed_allocation(void **state)
{
    (void)state;
    SCOPED(buffer) struct buffer set = file_bytes(SHAPES_SET);
    for (size_t n = 0; n < ATTEMPTS_MAX; n++) {
        struct schema *schema = NULL;
        struct error err = { 0 };
        alloc_fail_after(n);
        bool ok = schema_load(buffer_text(&set), &schema, &err);
        bool failed = alloc_fail_stop() != 0;
        if (ok) {
            schema_free(schema);
            assert_false(failed);
            assert_true(n > 10);
            return;
        }
        assert_true(failed);
        assert_null(schema);
        assert_int_equal(err.code, ERROR_NO_MEMORY);
    }
    fail_msg("never succeeded");
}

static const struct {
    const char *method;
    const char *message;
    const char *text;
} requests[] = {
    { "SendEverything", "shapes.v1.Everything",
      "scalars { a_string: 'x' some_bytes: 'abc' an_int64: 1 } lists { int32s: 1 times {} } "
      "maps { by_int32 { key: 1 value: 'a' } by_string { key: 'k' value: 'v' } } "
      "atlas { nodes { key: 'a' value { next {} } } } node { children { name: 'n' } } "
      "well_known { object { fields { key: 'k' value { list_value { values { number_value: 1 } } } "
      "} } } wrapped { an_int64 { value: 1 } mask { paths: 'a_b' } some_bytes { value: 'x' } }" },
    { "QueryNested", "shapes.v1.Nested",
      "id: 'i' inner { name: 'n' numbers: 1 labels { key: 'k' value: 'v' } "
      "innermost { delay { seconds: 1 } } }" },
    { "GetOdd", "shapes.v1.PathRequest", "name: 'a@b/x/c,d'" },
    { "PutRaw", "shapes.v1.RawRequest", "id: 'i' content { content_type: 'a/b' data: 'x' }" },
    /* Both rules fit: without memory for the first the second is no way out. */
    { "Find", "shapes.v1.BoundRequest", "a: '1' b: 'only/2' rest: 'r'" },
    { "SendTime", "google.protobuf.Timestamp", "seconds: 1" },
};

static void check_request(const struct method *m, struct text wire)
{
    for (size_t n = 0; n < ATTEMPTS_MAX; n++) {
        struct transcoded_request out = { 0 };
        struct error err = { 0 };
        alloc_fail_after(n);
        bool ok = transcode_request(m, wire, &out, &err);
        bool failed = alloc_fail_stop() != 0;
        transcoded_request_fini(&out);
        if (ok) {
            assert_false(failed);
            assert_true(n > 0);
            return;
        }
        assert_true(failed);
        assert_out_of_memory(&err);
    }
    fail_msg("never succeeded");
}

static void a_request_survives_every_failed_allocation(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "shapes.v1.Shapes.%s", requests[i].method);
        SCOPED(buffer) struct buffer wire = wire_of(requests[i].message, requests[i].text);
        check_request(method_named(*state, name), buffer_text(&wire));
    }
}

static const struct {
    const char *method;
    const char *body;
} replies[] = {
    { "SendEverything",
      "{\"scalars\":{\"a_string\":\"\\u00b5\",\"some_bytes\":\"AP8=\"},\"node\":{\"children\":[{}]}"
      ","
      "\"maps\":{\"by_string\":{\"\\u0061\":\"\\n\"}},\"lists\":{\"int32s\":[1,2]},"
      "\"well_known\":{\"object\":{\"\\u0061\":[1,null,{}]}},"
      "\"wrapped\":{\"mask\":\"aB\",\"words\":{\"k\":\"v\"}}}" },
    { "ListBooks", "[{\"name\":\"\\u00b5\"}]" },
    { "PutRaw", "any bytes" },
};

static void check_reply(const struct method *m, struct text body)
{
    const struct http_answer answer = { TEXT("a/b"), body };
    for (size_t n = 0; n < ATTEMPTS_MAX; n++) {
        SCOPED(buffer) struct buffer out = buffer_capped(1 << 20);
        struct json_notes notes = { 0 };
        struct error err = { 0 };
        alloc_fail_after(n);
        bool ok = transcode_reply(&m->bindings[0], &answer, &out, &notes, &err);
        bool failed = alloc_fail_stop() != 0;
        if (ok) {
            assert_false(failed);
            assert_true(n > 0);
            return;
        }
        assert_true(failed);
        assert_out_of_memory(&err);
    }
    fail_msg("never succeeded");
}

static void a_reply_survives_every_failed_allocation(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(replies); i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "shapes.v1.Shapes.%s", replies[i].method);
        check_reply(method_named(*state, name), text_of(replies[i].body));
    }
}

/* A streaming call whose upstream is the test. */
static void submit(struct upstream *upstream, struct upstream_exchange *exchange)
{
    (void)upstream;
    exchange->id = 1;
}

static bool has_room(struct proxy_call *call)
{
    (void)call;
    return true;
}

static bool count_message(struct proxy_call *call, struct text message)
{
    size_t *count = call->context;
    (void)message;
    (*count)++;
    return true;
}

static void finish(struct proxy_call *call)
{
    (void)call;
}

/* Three messages, of which the last comes with the end. */
static void play_stream(struct proxy_call *call)
{
    const struct text pieces[] = { TEXT("{\"name\":\"\\u00b5\"}\n{\"na"),
                                   TEXT("me\":\"b\"}\n{\"name\":\"c\"}") };
    struct upstream_exchange *x = &call->exchange;
    bool goes_on = true;
    proxy_call_start(call, TEXT(""));
    if (x->id == 0)
        return; /* the request found no memory, and the call is over */
    x->status = 200;
    (void)snprintf(x->content_type, sizeof x->content_type, "application/x-ndjson");
    for (size_t i = 0; goes_on && i < ARRAY_LEN(pieces); i++)
        goes_on = x->receive(x, pieces[i]) == UPSTREAM_TAKEN;
    x->outcome = goes_on ? UPSTREAM_ANSWERED : UPSTREAM_CANCELLED;
    x->done(x);
}

static void a_stream_of_replies_survives_every_failed_allocation(void **state)
{
    const struct proxy_settings settings = { .timeout_ms = 1000, .max_reply_bytes = 1 << 20 };
    struct upstream upstream = { .submit = submit };
    for (size_t n = 0; n < ATTEMPTS_MAX; n++) {
        size_t count = 0;
        struct rpc_status status = { 0 };
        struct proxy_stream stream = { .has_room = has_room, .deliver = count_message };
        struct proxy_call call = { .settings = &settings,
                                   .method = method_named(*state, "shapes.v1.Shapes.Watch"),
                                   .upstream = &upstream,
                                   .time_left_ms = INT64_MAX,
                                   .stream = &stream,
                                   .status = &status,
                                   .finish = finish,
                                   .context = &count };
        alloc_fail_after(n);
        play_stream(&call);
        const bool failed = alloc_fail_stop() != 0;
        const enum rpc_code code = status.code;
        proxy_call_fini(&call);
        buffer_fini(&status.details);
        if (code == RPC_OK) {
            assert_false(failed);
            assert_int_equal(count, 3);
            assert_true(n > 3);
            return;
        }
        assert_true(failed);
        assert_true(count < 3);
        assert_int_equal(code, RPC_RESOURCE_EXHAUSTED);
    }
    fail_msg("never succeeded");
}

static void a_catalog_and_a_stream_survive_every_failed_allocation(void **state)
{
    (void)state;
    SCOPED(buffer) struct buffer set = file_bytes(SHAPES_SET);
    SCOPED(buffer) struct buffer own = file_bytes(OWN_SET);
    const struct text question = TEXT("\x22\x15grpc.health.v1.Health");
    for (size_t n = 0; n < ATTEMPTS_MAX; n++) {
        struct catalog *catalog = NULL;
        struct reflection_session stream = { 0 };
        struct buffer reply = buffer_capped(1 << 20);
        struct error err = { 0 };
        alloc_fail_after(n);
        bool ok = catalog_new(buffer_text(&set), buffer_text(&own), &catalog, &err) &&
                  reflection_session_init(&stream, catalog, &err) &&
                  reflection_answer(&stream, question, &reply, &err);
        bool failed = alloc_fail_stop() != 0;
        reflection_session_fini(&stream);
        catalog_free(catalog);
        buffer_fini(&reply);
        if (ok) {
            assert_false(failed);
            assert_true(n > 10);
            return;
        }
        assert_true(failed);
        assert_int_equal(err.code, ERROR_NO_MEMORY);
    }
    fail_msg("never succeeded");
}

static void a_status_without_room_for_details_still_has_its_code_and_message(void **state)
{
    (void)state;
    struct error err = { 0 };
    struct rpc_status status = { 0 };
    error_set_field(&err, ERROR_INVALID_ARGUMENT, "name", "name must not be empty");
    alloc_fail_after(0);
    rpc_status_from_error(&status, &err);
    assert_int_equal(alloc_fail_stop(), 1);
    assert_int_equal(status.code, RPC_INVALID_ARGUMENT);
    assert_string_equal(status.message, "name must not be empty");
    assert_int_equal(status.details.len, 0);
    buffer_fini(&status.details);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loading_a_schema_survives_every_failed_allocation),
        cmocka_unit_test(a_request_survives_every_failed_allocation),
        cmocka_unit_test(a_reply_survives_every_failed_allocation),
        cmocka_unit_test(a_stream_of_replies_survives_every_failed_allocation),
        cmocka_unit_test(a_catalog_and_a_stream_survive_every_failed_allocation),
        cmocka_unit_test(a_status_without_room_for_details_still_has_its_code_and_message),
    };
    return cmocka_run_group_tests_name("gateway: memory", tests, given_shapes, forget_schema);
}
