/* Decision 22: what of a call's metadata reaches the REST server, and what comes back beside the
 * reply. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/gateway_rig.h"

#define GET_SNAPSHOT "/hypeman.v1.SnapshotService/GetSnapshot"
#define OWN_TOKEN    "gateway-secret-0123456789"
#define CALLER_TOKEN "caller-secret-9876543210"

static const struct text one_id = TEXT("\n\2s1");

/* ---- Helpers ------------------------------------------------------------------------------- */

/* A file that holds this text, in a place of its own. The caller unlinks it. */
static void given_file(char path[static 64], const char *text)
{
    (void)snprintf(path, 64, "/tmp/gateway-token-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static struct gateway_rig *start_with_token_file(const char *text)
{
    char path[64];
    given_file(path, text);
    const char *flags[] = { "--upstream-token-file", path, NULL };
    struct gateway_rig *rig = gateway_rig_start(flags);
    unlink(path);
    return rig;
}

static struct grpc_raw_reply get_with(struct gateway_rig *rig,
                                      const struct grpc_raw_header *headers, size_t count)
{
    return grpc_raw_run(rig->channel, &(struct grpc_raw_request){ .path = GET_SNAPSHOT,
                                                                  .message = one_id,
                                                                  .headers = headers,
                                                                  .header_count = count });
}

/* Takes the next header line of a request; false at the blank one. The request line goes first. */
static bool next_line(struct text *rest, struct text *line)
{
    *line = text_split(rest, '\n');
    if (line->len > 0 && line->data[line->len - 1] == '\r')
        line->len--;
    return line->len > 0;
}

static struct text last_request(struct gateway_rig *rig)
{
    return fake_upstream_request(rig->upstream, fake_upstream_request_count(rig->upstream) - 1)
        .bytes;
}

/* The value of the header in the request the REST server got last; data NULL when there is none.
 * Fails when there are several. */
static struct text sent_header(struct gateway_rig *rig, const char *name)
{
    struct text rest = last_request(rig);
    struct text line;
    struct text value = { NULL, 0 };
    (void)next_line(&rest, &line);
    while (next_line(&rest, &line)) {
        struct text key = text_split(&line, ':');
        if (!text_equal_nocase(key, text_of(name)))
            continue;
        assert_null(value.data);
        assert_true(line.len > 0 && line.data[0] == ' ');
        value = (struct text){ line.data + 1, line.len - 1 };
    }
    return value;
}

/* ---- Authorization ------------------------------------------------------------------------- */

static void authorization_is_passed_on_byte_for_byte(void **state)
{
    struct gateway_rig *rig = *state;
    char long_value[4001] = "";
    memset(long_value, 'x', sizeof long_value - 1);
    const char *const values[] = {
        "Bearer " CALLER_TOKEN,
        "bearer a.b-c_d~e+f/g==",
        "Basic dXNlcjpwYXNz",
        "Digest username=\"M\", realm=\"a b\"",
        "!#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
        "x",
        long_value,
    };
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        const struct grpc_raw_header header = { TEXT("authorization"), text_of(values[i]) };
        SCOPED(grpc_raw_reply) struct grpc_raw_reply reply = get_with(rig, &header, 1);
        assert_int_equal(reply.code, RPC_OK);
        struct text sent = sent_header(rig, "Authorization");
        if (!text_equal_cstr(sent, values[i]))
            fail_msg("expected %s, got " TEXT_FMT, values[i], TEXT_ARGS(sent));
    }
}

static void a_call_without_authorization_sends_none(void **state)
{
    struct gateway_rig *rig = *state;
    SCOPED(grpc_raw_reply) struct grpc_raw_reply reply = get_with(rig, NULL, 0);
    assert_int_equal(reply.code, RPC_OK);
    assert_null(sent_header(rig, "Authorization").data);
}

static void a_call_without_authorization_takes_the_gateways_token(void **state)
{
    (void)state;
    const char *const files[] = { OWN_TOKEN, OWN_TOKEN "\n", OWN_TOKEN "\r\nsecond line\n" };
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        struct gateway_rig *rig = start_with_token_file(files[i]);
        SCOPED(grpc_raw_reply) struct grpc_raw_reply without = get_with(rig, NULL, 0);
        assert_int_equal(without.code, RPC_OK);
        assert_true(text_equal_cstr(sent_header(rig, "Authorization"), "Bearer " OWN_TOKEN));

        const struct grpc_raw_header own = { TEXT("authorization"), TEXT("Bearer " CALLER_TOKEN) };
        SCOPED(grpc_raw_reply) struct grpc_raw_reply with = get_with(rig, &own, 1);
        assert_int_equal(with.code, RPC_OK);
        assert_true(text_equal_cstr(sent_header(rig, "Authorization"), "Bearer " CALLER_TOKEN));
        gateway_rig_stop(rig);
    }
}

static void a_token_file_without_a_token_stops_the_start(void **state)
{
    (void)state;
    char path[64];
    struct program program;
    given_file(path, "\n");
    const char *arguments[] = { "--listen", "127.0.0.1:0",           "--upstream",
                                "http://x", "--upstream-token-file", path,
                                NULL };
    assert_true(program_spawn(&program, "hypeman-gateway", arguments));
    assert_int_equal(program_wait(&program), 1);
    assert_non_null(strstr(program.output, path));
    assert_non_null(strstr(program.output, "no token"));
    program_free(&program);
    unlink(path);
}

/* Neither on good days nor on bad ones, in neither form of the log. */
static void nothing_secret_is_ever_logged(const char *form)
{
    char path[64];
    given_file(path, OWN_TOKEN "\n");
    const char *const flags[] = { "--upstream-token-file",
                                  path,
                                  "--log",
                                  form,
                                  "--forward-metadata",
                                  "+x-api-key,x-key-bin",
                                  "--return-headers",
                                  "+set-cookie",
                                  NULL };
    struct gateway_rig *rig = gateway_rig_start(flags);
    unlink(path);
    const struct grpc_raw_header own[] = { { TEXT("authorization"), TEXT("Bearer " CALLER_TOKEN) },
                                           { TEXT("x-api-key"), TEXT("key-secret-1") },
                                           { TEXT("x-key-bin"), TEXT("bytes-secret-2") },
                                           { TEXT("cookie"), TEXT("cookie-secret-3") } };
#define COOKIE "Set-Cookie: session=answer-secret-4\r\n"
    const struct fake_reply replies[] = {
        http_answer(&rig->memory, 200, COOKIE, TEXT("{}")),
        http_answer(&rig->memory, 401, COOKIE, TEXT("{\"code\":\"unauthorized\"}")),
        http_answer(&rig->memory, 500, "", TEXT("")),
        { .bytes = "no http", .end = FAKE_CLOSE },
        { .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", .end = FAKE_RESET },
    };
    for (size_t i = 0; i < 2 * ARRAY_LEN(replies); i++) {
        fake_upstream_reply(rig->upstream, replies[i / 2]);
        SCOPED(grpc_raw_reply)
        struct grpc_raw_reply reply = get_with(rig, own, i % 2 * ARRAY_LEN(own));
        assert_null(strstr(reply.message, "secret"));
    }
    assert_int_equal(program_stop(&rig->program, SIGTERM), 0);
    assert_non_null(strstr(rig->program.output, GET_SNAPSHOT)); /* it does log */
    assert_null(strstr(rig->program.output, "secret"));
    assert_null(strstr(rig->program.output, "c2VjcmV0")); /* in base64 */
    gateway_rig_stop(rig);
}

static void no_token_is_ever_logged(void **state)
{
    (void)state;
    nothing_secret_is_ever_logged("text");
    nothing_secret_is_ever_logged("json");
}

/* ---- Everything else ----------------------------------------------------------------------- */

static void nothing_else_is_passed_on(void **state)
{
    static const char *const known[] = {
        "Host", "Accept", "User-Agent", "Authorization", "Accept-Encoding", "X-Request-Id", NULL
    };
    struct gateway_rig *rig = *state;
    const struct grpc_raw_header headers[] = {
        { TEXT("x-request-id"), TEXT("42") },
        { TEXT("x-request-id-2"), TEXT("43") },
        { TEXT("cookie"), TEXT("session=1") },
        { TEXT("x-mock-world"), TEXT("other") },
        { TEXT("content-length"), TEXT("1000") },
        { TEXT("x-evil-bin"), TEXT("a\r\nX-Injected: 1\r\n\r\nGET /second HTTP/1.1") },
        { TEXT("authorization"), TEXT("Bearer a") },
    };
    size_t before = fake_upstream_request_count(rig->upstream);
    SCOPED(grpc_raw_reply)
    struct grpc_raw_reply reply = get_with(rig, headers, ARRAY_LEN(headers));
    assert_int_equal(reply.code, RPC_OK);
    assert_int_equal(fake_upstream_request_count(rig->upstream), before + 1);

    struct text rest = last_request(rig);
    struct text line;
    assert_true(next_line(&rest, &line));
    assert_true(text_equal_cstr(line, "GET /snapshots/s1 HTTP/1.1"));
    while (next_line(&rest, &line)) {
        struct text name = text_split(&line, ':');
        size_t i = 0;
        while (known[i] != NULL && !text_equal_nocase(name, text_of(known[i])))
            i++;
        if (known[i] == NULL)
            fail_msg("header " TEXT_FMT " was passed on", TEXT_ARGS(name));
    }
    assert_int_equal(rest.len, 0);
    assert_true(text_equal_cstr(sent_header(rig, "X-Request-Id"), "42"));
}

static void what_is_listed_is_passed_on_and_bytes_as_base64(void **state)
{
    (void)state;
    const char *const flags[] = { "--forward-metadata", "+x-tenant,x-evil-bin", NULL };
    const struct grpc_raw_header headers[] = {
        { TEXT("x-tenant"), TEXT("a,b; c=\"d\"") },
        { TEXT("x-evil-bin"), TEXT("a\r\nX-Injected: 1\r\n\r\nGET /second HTTP/1.1") },
        { TEXT("cookie"), TEXT("session=1") },
        { TEXT("authorization"), TEXT("Bearer a") },
    };
    struct gateway_rig *rig = gateway_rig_start(flags);
    SCOPED(grpc_raw_reply)
    struct grpc_raw_reply reply = get_with(rig, headers, ARRAY_LEN(headers));
    assert_int_equal(reply.code, RPC_OK);
    assert_int_equal(fake_upstream_request_count(rig->upstream), 1);
    assert_true(text_equal_cstr(sent_header(rig, "X-Tenant"), "a,b; c=\"d\""));
    assert_true(text_equal_cstr(sent_header(rig, "X-Evil-Bin"),
                                "YQ0KWC1JbmplY3RlZDogMQ0KDQpHRVQgL3NlY29uZCBIVFRQLzEuMQ=="));
    assert_true(text_equal_cstr(sent_header(rig, "Authorization"), "Bearer a"));
    assert_null(sent_header(rig, "Cookie").data);
    assert_null(sent_header(rig, "X-Injected").data);
    gateway_rig_stop(rig);
}

static void nothing_is_passed_on_when_none_is_listed(void **state)
{
    (void)state;
    char path[64];
    given_file(path, OWN_TOKEN);
    const char *const flags[] = { "--forward-metadata",
                                  "none",
                                  "--return-headers",
                                  "none",
                                  "--upstream-token-file",
                                  path,
                                  NULL };
    const struct grpc_raw_header headers[] = { { TEXT("authorization"), TEXT(CALLER_TOKEN) },
                                               { TEXT("x-request-id"), TEXT("42") } };
    struct gateway_rig *rig = gateway_rig_start(flags);
    unlink(path);
    fake_upstream_reply(rig->upstream,
                        http_answer(&rig->memory, 200, "X-Request-Id: 1\r\n", TEXT("{}")));
    SCOPED(grpc_raw_reply)
    struct grpc_raw_reply reply = get_with(rig, headers, ARRAY_LEN(headers));
    assert_int_equal(reply.code, RPC_OK);
    assert_null(sent_header(rig, "X-Request-Id").data);
    assert_true(text_equal_cstr(sent_header(rig, "Authorization"), "Bearer " OWN_TOKEN));
    assert_null(grpc_raw_header_value(&reply, "x-request-id").data);
    gateway_rig_stop(rig);
}

static void more_entries_than_may_be_passed_on_are_invalid(void **state)
{
    struct gateway_rig *rig = *state;
    struct grpc_raw_header headers[17];
    for (size_t i = 0; i < ARRAY_LEN(headers); i++)
        headers[i] = (struct grpc_raw_header){ TEXT("x-request-id"), TEXT("v") };
    size_t before = fake_upstream_request_count(rig->upstream);
    SCOPED(grpc_raw_reply)
    struct grpc_raw_reply reply = get_with(rig, headers, ARRAY_LEN(headers));
    assert_int_equal(reply.code, RPC_INVALID_ARGUMENT);
    assert_int_equal(fake_upstream_request_count(rig->upstream), before);
}

/* ---- The way back -------------------------------------------------------------------------- */

#define ANSWERED                                                                                   \
    "X-Request-ID: r-1\r\nLocation: /snapshots/s1\r\nRetry-After: 3\r\nSet-Cookie: secret=1\r\n"   \
    "X-Other: 1\r\ngrpc-status: 5\r\nContent-Type: application/json\r\n"

static void assert_returned(const struct grpc_raw_reply *reply,
                            struct text (*find)(const struct grpc_raw_reply *reply,
                                                const char *key))
{
    assert_true(text_equal_cstr(find(reply, "x-request-id"), "r-1"));
    assert_true(text_equal_cstr(find(reply, "location"), "/snapshots/s1"));
    assert_true(text_equal_cstr(find(reply, "retry-after"), "3"));
    assert_null(find(reply, "x-other").data);
    assert_null(find(reply, "set-cookie").data);
}

/* With a reply before it, with an error beside its status: that is then one frame. */
static void some_headers_of_the_answer_come_back(void **state)
{
    struct gateway_rig *rig = *state;
    struct gateway_details details;
    fake_upstream_reply(rig->upstream, http_answer(&rig->memory, 200, ANSWERED, TEXT("{}")));
    SCOPED(grpc_raw_reply) struct grpc_raw_reply good = get_with(rig, NULL, 0);
    assert_int_equal(good.code, RPC_OK);
    assert_returned(&good, grpc_raw_header_value);
    assert_null(grpc_raw_trailer(&good, "x-request-id").data);

    fake_upstream_reply(rig->upstream,
                        http_answer(&rig->memory, 404, ANSWERED, TEXT("{\"code\":\"not_found\"}")));
    SCOPED(grpc_raw_reply) struct grpc_raw_reply bad = get_with(rig, NULL, 0);
    assert_int_equal(bad.code, RPC_NOT_FOUND);
    assert_returned(&bad, grpc_raw_trailer);
    assert_int_equal(bad.header_count, 0);
    assert_true(gateway_details_read(&bad, &rig->memory, &details));
    assert_string_equal(details.request_id, "r-1");
    assert_string_equal(details.reason, "not_found");
    assert_int_equal(details.retry_after_s, 3);
}

/* A server that answers them is no gRPC server, and the code is ours to give. */
static void a_status_of_grpc_among_the_answers_headers_is_dropped(void **state)
{
    struct gateway_rig *rig = *state;
    static const char *const names[] = { "grpc-status", "grpc-message", "grpc-status-details-bin",
                                         "grpc-encoding" };
    static const char *const headers = "Grpc-Status: 7\r\ngrpc-message: of the upstream\r\n"
                                       "grpc-status-details-bin: CAcSBXdyb25n\r\n"
                                       "grpc-encoding: gzip\r\nX-Request-Id: r1\r\n";
    static const struct {
        int status;
        struct text body;
        enum rpc_code code;
    } rows[] = {
        { 200, TEXT("{\"id\":\"s1\"}"), RPC_OK },
        { 404, TEXT("{\"code\":\"not_found\",\"message\":\"gone\"}"), RPC_NOT_FOUND },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        fake_upstream_reply(rig->upstream,
                            http_answer(&rig->memory, rows[i].status, headers, rows[i].body));
        SCOPED(grpc_raw_reply) struct grpc_raw_reply reply = get_with(rig, NULL, 0);
        assert_int_equal(reply.code, rows[i].code);
        assert_string_equal(reply.message, rows[i].code == RPC_OK ? "" : "gone");
        for (size_t k = 0; k < ARRAY_LEN(names); k++)
            assert_null(grpc_raw_header_value(&reply, names[k]).data);
        for (size_t k = 0; k < ARRAY_LEN(names); k++) {
            const bool is_our_own = rows[i].code != RPC_OK && k == 2;
            assert_true((grpc_raw_trailer(&reply, names[k]).data != NULL) == is_our_own);
        }
        struct gateway_details details;
        if (rows[i].code == RPC_OK)
            continue;
        assert_true(gateway_details_read(&reply, &rig->memory, &details));
        assert_string_equal(details.reason, "not_found");
    }
}

static void without_an_id_of_the_answer_the_callers_own_is_reported(void **state)
{
    struct gateway_rig *rig = *state;
    struct gateway_details details;
    const struct grpc_raw_header own = { TEXT("x-request-id"), TEXT("mine-7") };
    fake_upstream_answer(rig->upstream, 404, "{\"code\":\"not_found\"}");
    SCOPED(grpc_raw_reply) struct grpc_raw_reply reply = get_with(rig, &own, 1);
    assert_true(gateway_details_read(&reply, &rig->memory, &details));
    assert_string_equal(details.request_id, "mine-7");

    fake_upstream_reply(rig->upstream,
                        (struct fake_reply){ .bytes = "no http", .end = FAKE_CLOSE });
    SCOPED(grpc_raw_reply) struct grpc_raw_reply odd = get_with(rig, &own, 1);
    assert_true(gateway_details_read(&odd, &rig->memory, &details));
    assert_string_equal(details.request_id, "mine-7");
}

static void bytes_come_back_as_bytes(void **state)
{
    (void)state;
    const char *const flags[] = { "--return-headers", "+x-token-bin", NULL };
    struct gateway_rig *rig = gateway_rig_start(flags);
    static const struct {
        const char *header;
        struct text bytes; /* data NULL: not a byte of it */
    } cases[] = {
        { "X-Token-Bin: AA3/\r\n", TEXT("\0\r\xff") },
        { "X-Token-Bin: AA0\r\n", TEXT("\0\r") },
        { "X-Token-Bin: no base64\r\n", { NULL, 0 } },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        for (int status = 200; status < 500; status += 204) {
            fake_upstream_reply(rig->upstream,
                                http_answer(&rig->memory, status, cases[i].header, TEXT("{}")));
            SCOPED(grpc_raw_reply) struct grpc_raw_reply reply = get_with(rig, NULL, 0);
            struct text found =
                (status == 200 ? grpc_raw_header_value : grpc_raw_trailer)(&reply, "x-token-bin");
            assert_int_equal(found.data == NULL, cases[i].bytes.data == NULL);
            if (found.data != NULL)
                assert_true(text_equal(found, cases[i].bytes));
        }
    gateway_rig_stop(rig);
}

/* Decision 11: whatever an upstream sends, its own code arrives, in trailers that clients take. */
static void the_trailers_of_an_error_stay_small_whatever_the_upstream_sends(void **state)
{
    struct gateway_rig *rig = *state;
    enum { LONG = 3000, MOST = 6144 };
    static const char *const pieces[] = {
        "x", "%", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\\u0000", "\\n"
    };
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
        SCOPED(buffer) struct buffer text = buffer_capped((size_t)1 << 20);
        while (text.len < 100000)
            buffer_append_cstr(&text, pieces[i]);
        buffer_append_byte(&text, '\0');
        const char *headers =
            arena_printf(&rig->memory,
                         "X-Request-Id: %0*d\r\nLocation: /%0*d\r\nRetry-After: 30\r\n"
                         "X-Request-Id: second\r\nContent-Type: application/json\r\n",
                         i % 2 == 0 ? 100 : LONG, 1, i % 2 == 0 ? 300 : LONG, 2);
        const char *body = arena_printf(&rig->memory, "{\"message\":\"%s\",\"code\":\"%s\"}",
                                        text.data, text.data);
        assert_true(headers != NULL && body != NULL);
        fake_upstream_reply(rig->upstream, http_answer(&rig->memory, 409, headers, text_of(body)));
        struct gateway_details details;
        SCOPED(grpc_raw_reply)
        struct grpc_raw_reply reply = gateway_rig_call(rig, "SnapshotService/GetSnapshot", one_id);
        if (reply.code != RPC_ABORTED)
            fail_msg("case %zu: %s", i, rpc_code_name((enum rpc_code)reply.code));
        assert_true(gateway_details_read(&reply, &rig->memory, &details));
        assert_string_equal(details.http_status, "409");
        assert_int_equal(details.retry_after_s, 30);
        assert_true(strlen(reply.message) > 150);
        size_t bytes = gateway_trailer_bytes(&reply);
        print_message("case %zu: %zu bytes of trailers\n", i, bytes);
        assert_in_range(bytes, 1000, MOST);
    }
}

/* By C-core, which may close the connection too; so it is one that nobody else needs. */
static void metadata_above_the_limit_is_refused(void **state)
{
    struct gateway_rig *rig = *state;
    char value[30001] = "";
    memset(value, 'v', sizeof value - 1);
    const struct grpc_raw_header header = { TEXT("x-large"), text_of(value) };
    const struct grpc_raw_request small = { .path = "/x.Y/Z" };
    const struct grpc_raw_request large = {
        .path = GET_SNAPSHOT, .message = one_id, .headers = &header, .header_count = 1
    };
    size_t before = fake_upstream_request_count(rig->upstream);
    struct grpc_raw_channel *channel = grpc_raw_connect(rig->target);
    SCOPED(grpc_raw_reply) /* the limit holds once the connection stands */
    struct grpc_raw_reply first = grpc_raw_run(channel, &small);
    assert_int_equal(first.code, RPC_UNIMPLEMENTED);
    SCOPED(grpc_raw_reply) struct grpc_raw_reply reply = grpc_raw_run(channel, &large);
    assert_int_equal(reply.code, RPC_RESOURCE_EXHAUSTED);
    grpc_raw_disconnect(channel);
    assert_int_equal(fake_upstream_request_count(rig->upstream), before);
    gateway_rig_assert_serves(rig);
}

static void a_body_is_announced_as_json(void **state)
{
    struct gateway_rig *rig = *state;
    SCOPED(grpc_raw_reply)
    struct grpc_raw_reply reply = gateway_rig_call(rig, "SnapshotService/CreateSnapshot",
                                                   TEXT("\n\2i1\x10\1\x1a\3n\xC3\xA9"));
    assert_int_equal(reply.code, RPC_OK);
    assert_true(text_equal_cstr(sent_header(rig, "Content-Type"), "application/json"));
    assert_true(text_equal_cstr(sent_header(rig, "Content-Length"), "31"));
    assert_true(text_starts_with(last_request(rig), TEXT("POST /instances/i1/snapshots HTTP")));
    size_t count = fake_upstream_request_count(rig->upstream);
    assert_true(text_equal_cstr(fake_upstream_request(rig->upstream, count - 1).body,
                                "{\"kind\":\"Standby\",\"name\":\"n\xC3\xA9\"}"));
}

/* ---- Trailers ------------------------------------------------------------------------------ */

static void an_enum_text_the_schema_does_not_know_is_named_in_a_trailer(void **state)
{
    struct gateway_rig *rig = *state;
    fake_upstream_answer(rig->upstream, 200,
                         "{\"id\":\"s1\",\"kind\":\"Frozen\",\"source_hypervisor\":\"xen\"}");
    SCOPED(grpc_raw_reply) struct grpc_raw_reply reply = get_with(rig, NULL, 0);
    assert_int_equal(reply.code, RPC_OK);
    assert_true(text_equal(reply.body, one_id));
    struct text trailer = grpc_raw_trailer(&reply, "hypeman-unknown-enum");
    if (!text_equal_cstr(trailer, "kind=Frozen, source_hypervisor=xen"))
        fail_msg("got " TEXT_FMT, TEXT_ARGS(trailer));
}

static void a_reply_without_surprises_has_no_trailer_of_ours(void **state)
{
    struct gateway_rig *rig = *state;
    fake_upstream_answer(rig->upstream, 200, "{\"id\":\"s1\",\"kind\":\"Stopped\"}");
    SCOPED(grpc_raw_reply) struct grpc_raw_reply reply = get_with(rig, NULL, 0);
    assert_int_equal(reply.code, RPC_OK);
    assert_null(grpc_raw_trailer(&reply, "hypeman-unknown-enum").data);
    assert_null(grpc_raw_trailer(&reply, "grpc-status-details-bin").data);
}

/* A trailer that HTTP/2 cannot carry would take the whole reply down with it, and one that is left
 * out would lose the text. */
static void an_odd_enum_text_is_named_as_well_as_can_be(void **state)
{
    struct gateway_rig *rig = *state;
    char long_text[201] = "";
    memset(long_text, 'k', sizeof long_text - 1);
    const struct {
        const char *kind; /* as in the JSON */
        const char *trailer;
    } cases[] = {
        { "Fro\\nzen", "kind=Fro?zen" },    { "Fr\\u007fzen", "kind=Fr?zen" },
        { "Fr\\u00e9ze", "kind=Fr\?\?ze" }, { "\xE2\x82\xAC", "kind=\?\?\?" },
        { long_text, "kind=kkkkkkkkkk" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *body =
            arena_printf(&rig->memory, "{\"id\":\"s1\",\"kind\":\"%s\"}", cases[i].kind);
        fake_upstream_answer(rig->upstream, 200, body);
        SCOPED(grpc_raw_reply) struct grpc_raw_reply reply = get_with(rig, NULL, 0);
        struct text trailer = grpc_raw_trailer(&reply, "hypeman-unknown-enum");
        if (reply.code != RPC_OK || !text_equal(reply.body, one_id) ||
            !text_starts_with(trailer, text_of(cases[i].trailer)))
            fail_msg("expected %s, got " TEXT_FMT " with %s: %s", cases[i].trailer,
                     TEXT_ARGS(trailer), rpc_code_name((enum rpc_code)reply.code), reply.message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(authorization_is_passed_on_byte_for_byte),
        cmocka_unit_test(a_call_without_authorization_sends_none),
        cmocka_unit_test(a_call_without_authorization_takes_the_gateways_token),
        cmocka_unit_test(a_token_file_without_a_token_stops_the_start),
        cmocka_unit_test(no_token_is_ever_logged),
        cmocka_unit_test(nothing_else_is_passed_on),
        cmocka_unit_test(what_is_listed_is_passed_on_and_bytes_as_base64),
        cmocka_unit_test(nothing_is_passed_on_when_none_is_listed),
        cmocka_unit_test(more_entries_than_may_be_passed_on_are_invalid),
        cmocka_unit_test(some_headers_of_the_answer_come_back),
        cmocka_unit_test(a_status_of_grpc_among_the_answers_headers_is_dropped),
        cmocka_unit_test(without_an_id_of_the_answer_the_callers_own_is_reported),
        cmocka_unit_test(bytes_come_back_as_bytes),
        cmocka_unit_test(the_trailers_of_an_error_stay_small_whatever_the_upstream_sends),
        cmocka_unit_test(metadata_above_the_limit_is_refused),
        cmocka_unit_test(a_body_is_announced_as_json),
        cmocka_unit_test(an_enum_text_the_schema_does_not_know_is_named_in_a_trailer),
        cmocka_unit_test(a_reply_without_surprises_has_no_trailer_of_ours),
        cmocka_unit_test(an_odd_enum_text_is_named_as_well_as_can_be),
    };
    return cmocka_run_group_tests(tests, gateway_rig_setup, gateway_rig_teardown);
}
