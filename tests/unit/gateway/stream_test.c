#include "tests/unit/gateway/fixture.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "gateway/proxy/call.h"

#define WATCH    "shapes.v1.Shapes.Watch"
#define RUN      "shapes.v1.Shapes.Run"
#define DOWNLOAD "shapes.v1.Shapes.Download"
#define EVENTS   "text/event-stream"

/* ---- Helpers ------------------------------------------------------------------------------- */

/* A call between an upstream and an edge that the test plays. */
struct scene {
    struct upstream upstream;
    struct upstream_exchange *exchange; /* NULL while nothing is in flight */
    int cancelled, resumed;
    struct proxy_settings settings;
    struct proxy_stream stream;
    struct proxy_call call;
    struct rpc_status status;
    struct buffer messages; /* each in hexadecimal, behind a blank */
    size_t returned_count;  /* as of the first message             */
    bool is_full;           /* has no room */
    bool has_no_memory;
    int finished;
};

static struct scene *scene_of(struct upstream *upstream)
{
    return (struct scene *)upstream;
}

static void fake_submit(struct upstream *upstream, struct upstream_exchange *exchange)
{
    scene_of(upstream)->exchange = exchange;
    exchange->id = 42;
}

static void fake_cancel(struct upstream *upstream, uint64_t id)
{
    assert_true(id == 42);
    scene_of(upstream)->cancelled++;
}

static void fake_resume(struct upstream *upstream, uint64_t id)
{
    assert_true(id == 42);
    scene_of(upstream)->resumed++;
}

static bool has_room(struct proxy_call *call)
{
    const struct scene *s = call->context;
    return !s->is_full;
}

static bool on_message(struct proxy_call *call, struct text message)
{
    struct scene *s = call->context;
    if (s->messages.len == 0)
        s->returned_count = call->returned_count;
    buffer_append_byte(&s->messages, ' ');
    for (size_t i = 0; i < message.len; i++)
        buffer_appendf(&s->messages, "%02x", (unsigned char)message.data[i]);
    return !s->has_no_memory;
}

static void on_finish(struct proxy_call *call)
{
    struct scene *s = call->context;
    s->finished++;
}

static void scene_init(struct scene *s, const struct schema *schema, const char *method)
{
    *s = (struct scene){
        .upstream = { .submit = fake_submit, .cancel = fake_cancel, .resume = fake_resume },
        .settings = { .timeout_ms = 30000,
                      .max_reply_bytes = 1024,
                      .returned = { { TEXT("x-request-id") }, 1 } },
        .stream = { .has_room = has_room, .deliver = on_message },
        .messages = buffer_capped(1 << 20),
    };
    s->call = (struct proxy_call){
        .settings = &s->settings,
        .method = method_named(schema, method),
        .upstream = &s->upstream,
        .time_left_ms = INT64_MAX,
        .stream = &s->stream,
        .status = &s->status,
        .finish = on_finish,
        .context = s,
    };
}

static void scene_scope_end(struct scene *s)
{
    proxy_call_fini(&s->call);
    buffer_fini(&s->status.details);
    buffer_fini(&s->messages);
}

static void start(struct scene *s)
{
    proxy_call_start(&s->call, TEXT(""));
    assert_int_equal(s->finished, 0);
    assert_non_null(s->exchange);
    assert_non_null(s->exchange->receive);
}

/* The head of an answer has come. */
static void begin(struct scene *s, int status, const char *content_type)
{
    static const struct http_header kept = { TEXT("x-request-id"), TEXT("r1") };
    s->exchange->status = status;
    (void)snprintf(s->exchange->content_type, sizeof s->exchange->content_type, "%s", content_type);
    s->exchange->kept[0] = kept;
    s->exchange->kept_count = 1;
}

static enum upstream_taken piece(struct scene *s, const char *bytes)
{
    return s->exchange->receive(s->exchange, text_of(bytes));
}

static void end(struct scene *s, enum upstream_outcome outcome)
{
    struct upstream_exchange *x = s->exchange;
    x->outcome = outcome;
    (void)snprintf(x->detail, sizeof x->detail, "%s",
                   outcome == UPSTREAM_ANSWERED ? "" : "the reason");
    x->done(x);
}

static void assert_ended(const struct scene *s, enum rpc_code code, const char *messages,
                         const char *says)
{
    assert_int_equal(s->finished, 1);
    if (s->status.code != code || strstr(s->status.message, says) == NULL)
        fail_msg("%s (%s) is not %s (%s)", rpc_code_name(s->status.code), s->status.message,
                 rpc_code_name(code), says);
    assert_text(buffer_text(&s->messages), messages);
}

static const char *header(const struct scene *s, const char *name)
{
    const struct text found =
        http_find_header(s->exchange->headers, s->exchange->header_count, name);
    return found.data == NULL ? "" : found.data;
}

/* ---- Tests --------------------------------------------------------------------------------- */

static void each_item_is_a_message(void **state)
{
    SCOPED(scene) struct scene s;
    scene_init(&s, *state, WATCH);
    start(&s);
    assert_text(s.exchange->target, "/watch");
    assert_string_equal(header(&s, "Accept"),
                        "text/event-stream, application/x-ndjson, application/json;q=0.9");
    begin(&s, 200, EVENTS);
    assert_int_equal(piece(&s, "data: {\"na"), UPSTREAM_TAKEN);
    assert_text(buffer_text(&s.messages), "");
    assert_int_equal(piece(&s, "me\":\"a\"}\n\ndata: {}\n\n:\n\nda"), UPSTREAM_TAKEN);
    assert_text(buffer_text(&s.messages), " 0a0161 ");
    assert_int_equal(piece(&s, "ta: {\"pages\":7}\n\n"), UPSTREAM_TAKEN);
    end(&s, UPSTREAM_ANSWERED);
    assert_ended(&s, RPC_OK, " 0a0161  1807", "");
    assert_int_equal(s.returned_count, 1); /* with the first message */
    assert_int_equal(s.call.http_status, 200);
}

static void an_item_may_end_with_the_answer(void **state)
{
    SCOPED(scene) struct scene s;
    scene_init(&s, *state, WATCH);
    start(&s);
    begin(&s, 200, "application/x-ndjson");
    assert_int_equal(piece(&s, "{\"pages\":1}\n{\"pages\":2}"), UPSTREAM_TAKEN);
    assert_text(buffer_text(&s.messages), " 1801");
    end(&s, UPSTREAM_ANSWERED);
    assert_ended(&s, RPC_OK, " 1801 1802", "");
}

static void each_item_fills_the_field_of_response_body(void **state)
{
    SCOPED(scene) struct scene s;
    scene_init(&s, *state, RUN);
    start(&s);
    begin(&s, 200, "application/json");
    assert_int_equal(piece(&s, "[[{\"pages\":1},{\"pages\":2}],[]]"), UPSTREAM_TAKEN);
    end(&s, UPSTREAM_ANSWERED);
    assert_ended(&s, RPC_OK, " 0a0218010a021802 ", "");
}

static void of_an_http_body_each_piece_is_a_message(void **state)
{
    SCOPED(scene) struct scene s;
    scene_init(&s, *state, DOWNLOAD);
    start(&s);
    assert_string_equal(header(&s, "Accept"), "*/*");
    begin(&s, 200, "a/b");
    assert_int_equal(piece(&s, "{\"x"), UPSTREAM_TAKEN);
    assert_int_equal(piece(&s, "\n"), UPSTREAM_TAKEN);
    end(&s, UPSTREAM_ANSWERED);
    assert_ended(&s, RPC_OK, " 0a03612f6212037b2278 0a03612f6212010a", "");
}

static void without_room_nothing_is_taken(void **state)
{
    SCOPED(scene) struct scene s;
    scene_init(&s, *state, WATCH);
    start(&s);
    begin(&s, 200, EVENTS);
    s.is_full = true;
    assert_int_equal(piece(&s, "data: {}\n\n"), UPSTREAM_NOT_NOW);
    assert_int_equal(s.messages.len, 0);
    proxy_call_resume(&s.call);
    assert_int_equal(s.resumed, 1);
    s.is_full = false;
    assert_int_equal(piece(&s, "data: {}\n\n"), UPSTREAM_TAKEN);
    s.is_full = true;
    assert_int_equal(piece(&s, "data: {}\n\n"), UPSTREAM_NOT_NOW);
    proxy_call_cancel(&s.call);
    assert_int_equal(s.cancelled, 1);
    end(&s, UPSTREAM_CANCELLED);
    assert_ended(&s, RPC_CANCELLED, " ", "");
}

static void an_answer_may_have_no_body(void **state)
{
    static const int statuses[] = { 200, 204 };
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
        SCOPED(scene) struct scene s;
        scene_init(&s, *state, WATCH);
        start(&s);
        begin(&s, statuses[i], "text/plain");
        end(&s, UPSTREAM_ANSWERED);
        assert_ended(&s, RPC_OK, "", "");
        assert_int_equal(s.call.returned_count, 1);
    }
}

static void only_the_callers_deadline_and_the_methods_timeout_count(void **state)
{
    static const struct {
        const char *method;
        int64_t time_left_ms, timeout_ms;
    } cases[] = {
        { WATCH, INT64_MAX, UPSTREAM_NO_TIMEOUT },
        { WATCH, 60000, 60000 },
        { WATCH, 1, 1 },
        { RUN, INT64_MAX, 7000 },
        { RUN, 6000, 6000 },
        { RUN, 60000, 7000 },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        SCOPED(scene) struct scene s;
        scene_init(&s, *state, cases[i].method);
        s.call.time_left_ms = cases[i].time_left_ms;
        start(&s);
        assert_true(s.exchange->timeout_ms == cases[i].timeout_ms);
        end(&s, UPSTREAM_CANCELLED);
    }
}

/* How a stream ends after one good message. `ends` is what is said to the last piece. */
static void streams_end_as_what_comes_demands(void **state)
{
    static const struct {
        const char *method, *type, *first, *then;
        enum upstream_taken taken;
        enum upstream_outcome outcome;
        enum rpc_code code;
        const char *says;
    } cases[] = {
        { WATCH, EVENTS, "data: {}\n\n", "data: {}", UPSTREAM_TAKEN, UPSTREAM_ANSWERED,
          RPC_UNAVAILABLE,
          "shapes.v1.Shapes.Watch: the stream ends inside an event of the upstream's answer; items "
          "may be missing" },
        { RUN, "", "[[]", ",", UPSTREAM_TAKEN, UPSTREAM_ANSWERED, RPC_UNAVAILABLE,
          "the stream ends inside its array of the upstream's answer; the request itself was "
          "carried out" },
        { WATCH, EVENTS, "data: {}\n\n", ":", UPSTREAM_TAKEN, UPSTREAM_LOST, RPC_UNAVAILABLE,
          "the reason" },
        { RUN, "", "[[]", "", UPSTREAM_TAKEN, UPSTREAM_LOST, RPC_UNAVAILABLE,
          "may have been carried out" },
        { WATCH, EVENTS, "data: {}\n\n", ":", UPSTREAM_TAKEN, UPSTREAM_TIMED_OUT,
          RPC_DEADLINE_EXCEEDED, "the reason" },
        { WATCH, EVENTS, "data: {}\n\n", "data: {\"pages\":\"x\"}\n\n", UPSTREAM_ENOUGH,
          UPSTREAM_CANCELLED, RPC_INTERNAL,
          "upstream's answer to shapes.v1.Shapes.Watch cannot be translated: item 2: pages" },
        { RUN, "", "[[]", ",[{\"pages\":true}]", UPSTREAM_ENOUGH, UPSTREAM_CANCELLED, RPC_INTERNAL,
          "item 2: books[0].pages must be an integer, not true; the request itself was "
          "carried out" },
        { RUN, "", "[[]", "[", UPSTREAM_ENOUGH, UPSTREAM_CANCELLED, RPC_INTERNAL,
          "behind item 1: invalid character '[' after array element" },
        { WATCH, EVENTS, "data: {}\n\n",
          "event: error\ndata: {\"code\":\"c\",\"message\":\"m\"}\n\ndata: {}\n\n", UPSTREAM_ENOUGH,
          UPSTREAM_CANCELLED, RPC_UNKNOWN, "m" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        SCOPED(scene) struct scene s;
        scene_init(&s, *state, cases[i].method);
        start(&s);
        begin(&s, 200, cases[i].type);
        assert_int_equal(piece(&s, cases[i].first), UPSTREAM_TAKEN);
        assert_int_equal(piece(&s, cases[i].then), cases[i].taken);
        end(&s, cases[i].outcome);
        assert_ended(&s, cases[i].code, " ", cases[i].says);
        assert_true(s.status.details.len > 0);
    }
}

static void an_item_above_the_limit_is_resource_exhausted(void **state)
{
    SCOPED(scene) struct scene s;
    char large[1200];
    memset(large, 'x', sizeof large);
    memcpy(large, "data: \"", 7);
    large[sizeof large - 1] = '\0';
    scene_init(&s, *state, WATCH);
    start(&s);
    begin(&s, 200, EVENTS);
    assert_int_equal(piece(&s, large), UPSTREAM_ENOUGH);
    end(&s, UPSTREAM_CANCELLED);
    assert_ended(&s, RPC_RESOURCE_EXHAUSTED, "", "an item is larger than 1024 bytes");
    assert_int_equal(s.call.returned_count, 1);
}

static void a_message_nobody_has_memory_for_ends_the_stream(void **state)
{
    SCOPED(scene) struct scene s;
    scene_init(&s, *state, WATCH);
    start(&s);
    begin(&s, 200, EVENTS);
    s.has_no_memory = true;
    assert_int_equal(piece(&s, "data: {}\n\ndata: {}\n\n"), UPSTREAM_ENOUGH);
    end(&s, UPSTREAM_CANCELLED);
    assert_ended(&s, RPC_RESOURCE_EXHAUSTED, " ", "no memory for a message");
}

static void what_is_no_stream_is_refused_and_shown(void **state)
{
    SCOPED(scene) struct scene s;
    scene_init(&s, *state, WATCH);
    start(&s);
    begin(&s, 200, "text/plain");
    assert_int_equal(piece(&s, "two words"), UPSTREAM_ENOUGH);
    end(&s, UPSTREAM_CANCELLED);
    assert_ended(&s, RPC_INTERNAL, "",
                 "upstream answered 200 with text/plain instead of events or JSON: two words");
}

static void an_error_answer_ends_the_call_with_its_reason(void **state)
{
    SCOPED(scene) struct scene s;
    scene_init(&s, *state, WATCH);
    start(&s);
    begin(&s, 404, "application/json");
    s.exchange->answer = buffer_capped(1024);
    assert_true(buffer_append_cstr(&s.exchange->answer, "{\"code\":\"c\",\"message\":\"m\"}"));
    end(&s, UPSTREAM_ANSWERED);
    assert_ended(&s, RPC_NOT_FOUND, "", "m");
    assert_int_equal(s.call.returned_count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_item_is_a_message),
        cmocka_unit_test(an_item_may_end_with_the_answer),
        cmocka_unit_test(each_item_fills_the_field_of_response_body),
        cmocka_unit_test(of_an_http_body_each_piece_is_a_message),
        cmocka_unit_test(without_room_nothing_is_taken),
        cmocka_unit_test(an_answer_may_have_no_body),
        cmocka_unit_test(only_the_callers_deadline_and_the_methods_timeout_count),
        cmocka_unit_test(streams_end_as_what_comes_demands),
        cmocka_unit_test(an_item_above_the_limit_is_resource_exhausted),
        cmocka_unit_test(a_message_nobody_has_memory_for_ends_the_stream),
        cmocka_unit_test(what_is_no_stream_is_refused_and_shown),
        cmocka_unit_test(an_error_answer_ends_the_call_with_its_reason),
    };
    return cmocka_run_group_tests_name("gateway/proxy/stream", tests, given_shapes, forget_schema);
}
