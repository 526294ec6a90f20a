#include "tests/unit/gateway/fixture.h"

#include <stdio.h>
#include <string.h>

#include "gateway/proxy/call.h"

/* An upstream without sockets: it keeps what was submitted, and the test answers. */
struct fake_upstream {
    struct upstream base;
    struct upstream_exchange *exchange; /* NULL while nothing is in flight */
    int submitted;
    int cancelled;
    uint64_t cancelled_id;
};

static void fake_submit(struct upstream *upstream, struct upstream_exchange *exchange)
{
    struct fake_upstream *fake = (struct fake_upstream *)upstream;
    assert_null(fake->exchange);
    fake->exchange = exchange;
    exchange->id = 41 + (uint64_t)++fake->submitted;
}

static void fake_cancel(struct upstream *upstream, uint64_t id)
{
    struct fake_upstream *fake = (struct fake_upstream *)upstream;
    fake->cancelled++;
    fake->cancelled_id = id;
}

/* One call with all that it borrows. */
struct scene {
    struct fake_upstream upstream;
    struct proxy_settings settings;
    struct proxy_call call;
    struct rpc_status status;
    int finished;
};

static void on_finish(struct proxy_call *call)
{
    struct scene *scene = call->context;
    scene->finished++;
}

static void scene_init(struct scene *s, const struct schema *schema, const char *method)
{
    *s = (struct scene){
        .upstream = { .base = { .submit = fake_submit, .cancel = fake_cancel } },
        .settings = { .timeout_ms = 30000,
                      .max_reply_bytes = 1 << 20,
                      .forwarded = { { TEXT("authorization"), TEXT("x-request-id") }, 2 },
                      .returned = { { TEXT("x-request-id"), TEXT("location") }, 2 } },
    };
    s->call = (struct proxy_call){
        .settings = &s->settings,
        .method = method_named(schema, method),
        .upstream = &s->upstream.base,
        .time_left_ms = INT64_MAX,
        .status = &s->status,
        .finish = on_finish,
        .context = s,
    };
}

static void scene_scope_end(struct scene *s)
{
    proxy_call_fini(&s->call);
    buffer_fini(&s->status.details);
}

static void given_metadata(struct scene *s, const char *key, const char *value)
{
    struct error err = { 0 };
    assert_true(metadata_forward(&s->settings.forwarded, text_of(key), text_of(value),
                                 &s->call.metadata, &err));
}

static void start(struct scene *s, const char *request)
{
    char message[128];
    (void)snprintf(message, sizeof message, TEXT_FMT,
                   TEXT_ARGS(s->call.method->request->full_name));
    SCOPED(buffer) struct buffer wire = wire_of(message, request);
    proxy_call_start(&s->call, buffer_text(&wire));
}

static void answer(struct scene *s, int status, const char *content_type, struct text body)
{
    struct upstream_exchange *x = s->upstream.exchange;
    assert_non_null(x);
    s->upstream.exchange = NULL;
    x->outcome = UPSTREAM_ANSWERED;
    x->status = status;
    x->answer = buffer_capped(x->max_body_bytes);
    assert_true(buffer_append_text(&x->answer, body));
    (void)snprintf(x->content_type, sizeof x->content_type, "%s", content_type);
    x->done(x);
}

static void end_without_answer(struct scene *s, enum upstream_outcome outcome, const char *detail)
{
    struct upstream_exchange *x = s->upstream.exchange;
    assert_non_null(x);
    s->upstream.exchange = NULL;
    x->outcome = outcome;
    (void)snprintf(x->detail, sizeof x->detail, "%s", detail);
    x->done(x);
}

static const char *header(const struct scene *s, const char *name)
{
    static char value[256];
    int found = 0;
    for (size_t i = 0; i < s->upstream.exchange->header_count; i++) {
        const struct http_header *h = &s->upstream.exchange->headers[i];
        if (!text_equal_nocase(h->name, text_of(name)))
            continue;
        found++;
        (void)snprintf(value, sizeof value, TEXT_FMT, TEXT_ARGS(h->value));
    }
    assert_in_range(found, 0, 1);
    return found == 0 ? NULL : value;
}

static void assert_ended(const struct scene *s, enum rpc_code code)
{
    assert_int_equal(s->finished, 1);
    if (s->status.code != code)
        fail_msg("%s (%s) is not %s", rpc_code_name(s->status.code), s->status.message,
                 rpc_code_name(code));
    assert_int_equal(s->status.details.len > 0, code != RPC_OK);
}

#define JSON           "application/json"
#define GET_SNAPSHOT   "hypeman.v1.SnapshotService.GetSnapshot"
#define WAIT_INSTANCE  "hypeman.v1.InstanceService.WaitInstance"
#define CREATE         "hypeman.v1.SnapshotService.CreateSnapshot"
#define LIST_SNAPSHOTS "hypeman.v1.SnapshotService.ListSnapshots"
#define DELETE         "hypeman.v1.SnapshotService.DeleteSnapshot"

/* ---- the way there ------------------------------------------------------------------------ */

static void a_call_becomes_one_request_and_its_answer_the_reply(void **state)
{
    SCOPED(scene) struct scene s;
    scene_init(&s, *state, GET_SNAPSHOT);
    start(&s, "snapshot_id: 'snap-1'");
    assert_int_equal(s.finished, 0);
    assert_int_equal(s.upstream.submitted, 1);
    assert_int_equal(s.upstream.exchange->method, HTTP_GET);
    assert_text(s.upstream.exchange->target, "/snapshots/snap-1");
    assert_false(s.upstream.exchange->has_body);
    assert_int_equal(s.upstream.exchange->max_body_bytes, 1 << 20);
    assert_string_equal(header(&s, "Accept"), JSON);
    assert_non_null(strstr(header(&s, "User-Agent"), "hypeman-gateway/"));
    assert_null(header(&s, "Content-Type"));
    assert_null(header(&s, "Authorization"));

    answer(&s, 200, JSON "; charset=utf-8",
           TEXT("{\"id\":\"snap-1\",\"kind\":\"Frozen\",\"size_bytes\":5,\"extra\":1}"));
    assert_ended(&s, RPC_OK);
    assert_int_equal(s.call.http_status, 200);
    SCOPED(buffer)
    struct buffer wanted = wire_of("hypeman.v1.Snapshot", "id: 'snap-1' size_bytes: 5");
    assert_int_equal(s.call.reply.len, wanted.len);
    assert_memory_equal(s.call.reply.data, wanted.data, wanted.len);
    assert_string_equal(s.call.notes.unknown_enum, "kind=Frozen");
    assert_int_equal(s.call.notes.unknown_members, 1);
}

static void a_body_goes_out_as_json_and_outlives_the_request_bytes(void **state)
{
    SCOPED(scene) struct scene s;
    scene_init(&s, *state, CREATE);
    start(&s, "instance_id: 'i' kind: SNAPSHOT_KIND_STANDBY name: 'n'");
    assert_int_equal(s.upstream.exchange->method, HTTP_POST);
    assert_true(s.upstream.exchange->has_body);
    assert_text(s.upstream.exchange->body, "{\"kind\":\"Standby\",\"name\":\"n\"}");
    assert_string_equal(header(&s, "Content-Type"), JSON);
    answer(&s, 201, JSON, TEXT("{\"id\":\"x\"}"));
    assert_ended(&s, RPC_OK);
    assert_int_equal(s.call.http_status, 201);
}

static void the_callers_authorization_goes_before_the_gateways_own(void **state)
{
    static const struct {
        const char *own;
        const char *callers;
        const char *sent;
    } rows[] = {
        { NULL, NULL, NULL },
        { "Bearer own", NULL, "Bearer own" },
        { NULL, "Bearer theirs", "Bearer theirs" },
        { "Bearer own", "Bearer theirs", "Bearer theirs" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        SCOPED(scene) struct scene s;
        scene_init(&s, *state, GET_SNAPSHOT);
        s.settings.upstream_authorization = rows[i].own;
        if (rows[i].callers != NULL)
            given_metadata(&s, "authorization", rows[i].callers);
        start(&s, "snapshot_id: 'x'");
        const char *sent = header(&s, "Authorization");
        assert_int_equal(sent != NULL, rows[i].sent != NULL);
        if (sent != NULL)
            assert_string_equal(sent, rows[i].sent);
        answer(&s, 200, JSON, TEXT("{}"));
    }
}

/* The caller's deadline, the method's own limit (none for GetSnapshot, the five minutes of
 * INST-W-011 for WaitInstance), else the limit for all. */
static void the_nearer_of_deadline_and_limit_is_the_timeout(void **state)
{
    static const struct {
        const char *method;
        int64_t time_left_ms;
        int64_t timeout_ms;
    } rows[] = {
        { GET_SNAPSHOT, INT64_MAX, 30000 },   { GET_SNAPSHOT, 30001, 30000 },
        { GET_SNAPSHOT, 29999, 29999 },       { GET_SNAPSHOT, 1, 1 },
        { WAIT_INSTANCE, INT64_MAX, 305000 }, { WAIT_INSTANCE, 305001, 305000 },
        { WAIT_INSTANCE, 304999, 304999 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        SCOPED(scene) struct scene s;
        scene_init(&s, *state, rows[i].method);
        s.call.time_left_ms = rows[i].time_left_ms;
        start(&s, strcmp(rows[i].method, GET_SNAPSHOT) == 0
                      ? "snapshot_id: 'x'"
                      : "instance_id: 'x' state: INSTANCE_STATE_RUNNING");
        assert_true(s.upstream.exchange->timeout_ms == rows[i].timeout_ms);
        answer(&s, 200, JSON, TEXT("{}"));
    }
}

static void the_callers_request_id_goes_along_and_the_answers_headers_come_back(void **state)
{
    static const int statuses[] = { 200, 404 };
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
        SCOPED(scene) struct scene s;
        char longer[601] = "";
        scene_init(&s, *state, GET_SNAPSHOT);
        given_metadata(&s, "x-request-id", "r1");
        given_metadata(&s, "cookie", "session=1");
        start(&s, "snapshot_id: 'x'");
        struct upstream_exchange *x = s.upstream.exchange;
        assert_string_equal(header(&s, "X-Request-Id"), "r1");
        assert_null(header(&s, "Cookie"));
        assert_ptr_equal(x->keep, s.settings.returned.names);
        assert_int_equal(x->keep_count, 2);
        memset(longer, 'l', sizeof longer - 1);
        x->kept[0] = (struct http_header){ x->keep[1], text_of(longer) };
        x->kept[1] = (struct http_header){ x->keep[0], TEXT("r2") };
        x->kept_count = 2;
        answer(&s, statuses[i], JSON, TEXT("{}"));
        /* Among the trailers of an error there is not much room. */
        const bool is_ok = statuses[i] == 200;
        assert_int_equal(s.call.returned_count, is_ok ? 2 : 1);
        assert_text(s.call.returned[is_ok ? 1 : 0].name, "x-request-id");
        assert_text(s.call.returned[is_ok ? 1 : 0].value, "r2");
    }
}

/* ---- calls that never leave --------------------------------------------------------------- */

static void a_bad_request_is_refused_before_the_upstream_hears_of_it(void **state)
{
    static const char *const requests[] = { "", "snapshot_id: ''", "snapshot_id: '..'" };
    for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
        SCOPED(scene) struct scene s;
        scene_init(&s, *state, GET_SNAPSHOT);
        start(&s, requests[i]);
        assert_int_equal(s.upstream.submitted, 0);
        assert_ended(&s, RPC_INVALID_ARGUMENT);
        assert_int_equal(s.call.http_status, 0);
        proxy_call_cancel(&s.call); /* too late, and harmless */
        assert_int_equal(s.upstream.cancelled, 0);
    }
}

static void malformed_bytes_are_refused_before_the_upstream_hears_of_it(void **state)
{
    SCOPED(scene) struct scene s;
    scene_init(&s, *state, GET_SNAPSHOT);
    proxy_call_start(&s.call, TEXT("\x0a\x05x"));
    assert_int_equal(s.upstream.submitted, 0);
    assert_ended(&s, RPC_INVALID_ARGUMENT);
}

static void a_deadline_that_has_passed_ends_the_call_at_once(void **state)
{
    static const int64_t times[] = { 0, -1, INT64_MIN };
    for (size_t i = 0; i < ARRAY_LEN(times); i++) {
        SCOPED(scene) struct scene s;
        scene_init(&s, *state, GET_SNAPSHOT);
        s.call.time_left_ms = times[i];
        start(&s, "snapshot_id: 'x'");
        assert_int_equal(s.upstream.submitted, 0);
        assert_ended(&s, RPC_DEADLINE_EXCEEDED);
    }
}

static void methods_without_a_rule_and_types_without_translation_are_unimplemented(void **state)
{
    static const struct {
        const char *method;
        const char *request;
    } rows[] = { { "shapes.v1.Shapes.Unruled", "" },
                 { "shapes.v1.Shapes.Upload", "" },
                 { "shapes.v1.Shapes.SendForeign", "any {}" } };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        SCOPED(scene) struct scene s;
        scene_init(&s, *state, rows[i].method);
        start(&s, rows[i].request);
        assert_int_equal(s.upstream.submitted, 0);
        assert_ended(&s, RPC_UNIMPLEMENTED);
    }
}

static void a_custom_verb_goes_to_the_upstream(void **state)
{
    SCOPED(scene) struct scene s;
    scene_init(&s, *state, "shapes.v1.Shapes.PurgeBook");
    start(&s, "name: 'a/b'");
    assert_int_equal(s.upstream.exchange->method, HTTP_METHOD_OTHER);
    assert_string_equal(s.upstream.exchange->custom_verb, "PURGE");
    answer(&s, 204, "", TEXT(""));
    assert_ended(&s, RPC_OK);
}

static void an_http_body_goes_both_ways_under_its_own_type(void **state)
{
    SCOPED(scene) struct scene s;
    scene_init(&s, *state, "shapes.v1.Shapes.PutRaw");
    start(&s, "id: 'i' content { content_type: 'image/png' data: '\\211PNG' }");
    assert_string_equal(header(&s, "Content-Type"), "image/png");
    assert_string_equal(header(&s, "Accept"), "*/*");
    assert_text(s.upstream.exchange->body, "\211PNG");
    answer(&s, 200, "text/html", TEXT("<p>"));
    assert_ended(&s, RPC_OK);
    SCOPED(buffer)
    struct buffer wanted =
        wire_of("shapes.v1.RawReply", "content { content_type: 'text/html' data: '<p>' }");
    assert_int_equal(s.call.reply.len, wanted.len);
    assert_memory_equal(s.call.reply.data, wanted.data, wanted.len);
}

static void an_http_body_without_a_type_says_none(void **state)
{
    SCOPED(scene) struct scene s;
    scene_init(&s, *state, "shapes.v1.Shapes.SendRaw");
    start(&s, "data: 'x'");
    assert_null(header(&s, "Content-Type"));
    assert_true(s.upstream.exchange->has_body);
    answer(&s, 204, "", TEXT(""));
    assert_ended(&s, RPC_OK);
}

static void an_answer_with_an_any_is_unimplemented_and_says_where(void **state)
{
    SCOPED(scene) struct scene s;
    scene_init(&s, *state, "shapes.v1.Shapes.SendForeign");
    start(&s, "fine: 'x'");
    answer(&s, 200, JSON, TEXT("{\"anys\":[{\"@type\":\"x\"}]}"));
    assert_ended(&s, RPC_UNIMPLEMENTED);
    assert_non_null(strstr(s.status.message, "anys[0] is a google.protobuf.Any"));
}

/* ---- answers ------------------------------------------------------------------------------ */

static void an_error_answer_ends_the_call_with_its_reason(void **state)
{
    SCOPED(scene) struct scene s;
    scene_init(&s, *state, CREATE);
    start(&s, "instance_id: 'i'");
    answer(&s, 409, JSON,
           TEXT("{\"code\":\"conflict\",\"message\":\"instance already exists: n\"}"));
    assert_ended(&s, RPC_ALREADY_EXISTS);
    assert_int_equal(s.call.http_status, 409);
    assert_string_equal(s.status.message, "instance already exists: n");
}

static const struct {
    const char *method;
    int status;
    const char *content_type;
    const char *body;
    enum rpc_code code;
    const char *message; /* part of it */
} answers[] = {
    { DELETE, 204, "", "", RPC_OK, "" },
    { DELETE, 200, "", "", RPC_OK, "" },
    { DELETE, 200, JSON, "{}", RPC_OK, "" },
    { LIST_SNAPSHOTS, 200, JSON, "[]", RPC_OK, "" },
    { LIST_SNAPSHOTS, 200, "", "[]", RPC_OK, "" },
    { LIST_SNAPSHOTS, 200, "application/vnd.api+JSON", "[]", RPC_OK, "" },
    { LIST_SNAPSHOTS, 200, "text/html", "", RPC_OK, "" },
    { LIST_SNAPSHOTS, 200, "text/html", "<html>hello</html>", RPC_INTERNAL,
      "upstream answered 200 with text/html instead of JSON: <html>hello</html>" },
    { LIST_SNAPSHOTS, 200, "", "<html>", RPC_INTERNAL, "invalid character '<'" },
    { LIST_SNAPSHOTS, 200, JSON, "{\"snapshots\":[]}", RPC_INTERNAL,
      "snapshots must be an array, not an object" },
    { LIST_SNAPSHOTS, 200, JSON, "[{},{\"size_bytes\":\"a\"}]", RPC_INTERNAL,
      "upstream's answer to hypeman.v1.SnapshotService.ListSnapshots cannot be translated: "
      "snapshots[1].size_bytes must be an integer, not a string" },
    { LIST_SNAPSHOTS, 200, JSON, "[{\"id\":\"x\"", RPC_INTERNAL, "unexpected EOF" },
    { LIST_SNAPSHOTS, 302, "text/html", "<a>", RPC_UNKNOWN, "upstream answered 302" },
    { LIST_SNAPSHOTS, 404, "text/plain", "404 page not found\n", RPC_NOT_FOUND,
      "404 page not found" },
    { LIST_SNAPSHOTS, 404, "", "", RPC_NOT_FOUND, "upstream answered 404 Not Found" },
    { LIST_SNAPSHOTS, 500, "", "", RPC_INTERNAL, "upstream answered 500" },
};

static void every_kind_of_answer_has_its_end(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        SCOPED(scene) struct scene s;
        scene_init(&s, *state, answers[i].method);
        start(&s, strcmp(answers[i].method, DELETE) == 0 ? "snapshot_id: 'x'" : "");
        answer(&s, answers[i].status, answers[i].content_type, text_of(answers[i].body));
        assert_ended(&s, answers[i].code);
        assert_int_equal(s.call.http_status, answers[i].status);
        if (strstr(s.status.message, answers[i].message) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", s.status.message, answers[i].message);
    }
}

static void a_page_instead_of_json_is_shown_cut_and_clean(void **state)
{
    SCOPED(scene) struct scene s;
    scene_init(&s, *state, GET_SNAPSHOT);
    start(&s, "snapshot_id: 'x'");
    SCOPED(buffer) struct buffer page = buffer_capped(1 << 16);
    buffer_append(&page, "<\0>", 3);
    for (int i = 0; i < 1000; i++)
        buffer_append_cstr(&page, "\xf0\x9f\x98\x80");
    answer(&s, 200, "text/html", buffer_text(&page));
    assert_ended(&s, RPC_INTERNAL);
    assert_true(text_is_utf8(text_of(s.status.message)));
    assert_in_range(strlen(s.status.message), 250, 400);
    assert_non_null(strstr(s.status.message, "< >\xf0\x9f\x98\x80"));
}

static void a_reply_above_its_ceiling_is_resource_exhausted(void **state)
{
    SCOPED(scene) struct scene larger;
    scene_init(&larger, *state, "shapes.v1.Shapes.ListNumbers");
    larger.settings.max_reply_bytes = 40;
    start(&larger, "");
    answer(&larger, 200, JSON, TEXT("[-1,-1,-1,-1]"));
    assert_ended(&larger, RPC_RESOURCE_EXHAUSTED);
    assert_non_null(strstr(larger.status.message, "40 bytes"));
}

static void an_answer_nested_too_deep_is_refused(void **state)
{
    SCOPED(scene) struct scene s;
    scene_init(&s, *state, GET_SNAPSHOT);
    start(&s, "snapshot_id: 'x'");
    SCOPED(buffer) struct buffer body = buffer_capped(1 << 20);
    for (int i = 0; i < 10000; i++)
        buffer_append_cstr(&body, "{\"x\":");
    answer(&s, 200, JSON, buffer_text(&body));
    assert_ended(&s, RPC_RESOURCE_EXHAUSTED);
}

/* ---- other ends --------------------------------------------------------------------------- */

static void a_lost_connection_ends_the_call_and_says_whether_it_may_have_acted(void **state)
{
    SCOPED(scene) struct scene get;
    scene_init(&get, *state, GET_SNAPSHOT);
    start(&get, "snapshot_id: 'x'");
    end_without_answer(&get, UPSTREAM_LOST, "the connection was reset");
    assert_ended(&get, RPC_UNAVAILABLE);
    assert_int_equal(get.call.http_status, 0);
    assert_null(strstr(get.status.message, "carried out"));

    SCOPED(scene) struct scene post;
    scene_init(&post, *state, CREATE);
    start(&post, "instance_id: 'x'");
    end_without_answer(&post, UPSTREAM_LOST, "the connection was reset");
    assert_ended(&post, RPC_UNAVAILABLE);
    assert_non_null(strstr(post.status.message, "may have been carried out"));
}

static void every_outcome_finishes_the_call_once(void **state)
{
    for (int outcome = UPSTREAM_UNREACHABLE; outcome <= UPSTREAM_FAILED; outcome++) {
        SCOPED(scene) struct scene s;
        scene_init(&s, *state, GET_SNAPSHOT);
        start(&s, "snapshot_id: 'x'");
        end_without_answer(&s, (enum upstream_outcome)outcome, "detail");
        assert_int_equal(s.finished, 1);
        assert_int_not_equal(s.status.code, RPC_OK);
    }
}

static void cancelling_asks_the_upstream_and_the_end_follows(void **state)
{
    SCOPED(scene) struct scene s;
    scene_init(&s, *state, GET_SNAPSHOT);
    start(&s, "snapshot_id: 'x'");
    proxy_call_cancel(&s.call);
    assert_int_equal(s.upstream.cancelled, 1);
    assert_int_equal(s.upstream.cancelled_id, 42);
    assert_int_equal(s.finished, 0);
    proxy_call_cancel(&s.call);
    assert_int_equal(s.upstream.cancelled, 2);
    end_without_answer(&s, UPSTREAM_CANCELLED, "");
    assert_ended(&s, RPC_CANCELLED);
}

static void a_cancel_that_comes_too_late_changes_nothing(void **state)
{
    SCOPED(scene) struct scene s;
    scene_init(&s, *state, GET_SNAPSHOT);
    start(&s, "snapshot_id: 'x'");
    answer(&s, 200, JSON, TEXT("{\"id\":\"x\"}"));
    proxy_call_cancel(&s.call);
    assert_ended(&s, RPC_OK);
}

/* `finish` may free the call: nothing may touch it afterwards (AddressSanitizer watches). */
static void finish_and_free(struct proxy_call *call)
{
    int *finished = call->context;
    *finished += 1;
    proxy_call_fini(call);
    memset(call, 0xa5, sizeof *call);
    test_free(call);
}

static void the_call_may_be_freed_when_it_finishes(void **state)
{
    for (int early = 0; early < 2; early++) {
        struct scene s;
        int finished = 0;
        scene_init(&s, *state, GET_SNAPSHOT);
        struct proxy_call *call = test_malloc(sizeof *call);
        *call = s.call;
        call->finish = finish_and_free;
        call->context = &finished;
        proxy_call_start(call, early == 1 ? TEXT("") : TEXT("\x0a\x01x"));
        if (early == 0)
            answer(&s, 200, JSON, TEXT("{}"));
        assert_int_equal(finished, 1);
        buffer_fini(&s.status.details);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_becomes_one_request_and_its_answer_the_reply),
        cmocka_unit_test(a_body_goes_out_as_json_and_outlives_the_request_bytes),
        cmocka_unit_test(the_callers_authorization_goes_before_the_gateways_own),
        cmocka_unit_test(the_callers_request_id_goes_along_and_the_answers_headers_come_back),
        cmocka_unit_test(the_nearer_of_deadline_and_limit_is_the_timeout),
        cmocka_unit_test(a_bad_request_is_refused_before_the_upstream_hears_of_it),
        cmocka_unit_test(malformed_bytes_are_refused_before_the_upstream_hears_of_it),
        cmocka_unit_test(a_deadline_that_has_passed_ends_the_call_at_once),
        cmocka_unit_test(an_error_answer_ends_the_call_with_its_reason),
        cmocka_unit_test(every_kind_of_answer_has_its_end),
        cmocka_unit_test(a_page_instead_of_json_is_shown_cut_and_clean),
        cmocka_unit_test(an_answer_nested_too_deep_is_refused),
        cmocka_unit_test(a_lost_connection_ends_the_call_and_says_whether_it_may_have_acted),
        cmocka_unit_test(every_outcome_finishes_the_call_once),
        cmocka_unit_test(cancelling_asks_the_upstream_and_the_end_follows),
        cmocka_unit_test(a_cancel_that_comes_too_late_changes_nothing),
        cmocka_unit_test(the_call_may_be_freed_when_it_finishes),
    };
    const struct CMUnitTest shapes[] = {
        cmocka_unit_test(methods_without_a_rule_and_types_without_translation_are_unimplemented),
        cmocka_unit_test(a_custom_verb_goes_to_the_upstream),
        cmocka_unit_test(an_http_body_goes_both_ways_under_its_own_type),
        cmocka_unit_test(an_http_body_without_a_type_says_none),
        cmocka_unit_test(an_answer_with_an_any_is_unimplemented_and_says_where),
        cmocka_unit_test(a_reply_above_its_ceiling_is_resource_exhausted),
    };
    int failed =
        cmocka_run_group_tests_name("gateway/proxy/call", tests, given_hypeman, forget_schema);
    return failed + cmocka_run_group_tests_name("gateway/proxy/call: shapes", shapes, given_shapes,
                                                forget_schema);
}
