/* What of a call's metadata reaches the REST server, and what comes back beside the reply. */
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

/* Neither on good days nor on bad ones. */
static void no_token_is_ever_logged(void **state)
{
    (void)state;
    struct gateway_rig *rig = start_with_token_file(OWN_TOKEN "\n");
    const struct grpc_raw_header own = { TEXT("authorization"), TEXT("Bearer " CALLER_TOKEN) };
    const struct fake_reply replies[] = {
        http_answer(&rig->memory, 200, "", TEXT("{}")),
        http_answer(&rig->memory, 401, "", TEXT("{\"code\":\"unauthorized\"}")),
        http_answer(&rig->memory, 500, "", TEXT("")),
        { .bytes = "no http", .end = FAKE_CLOSE },
        { .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", .end = FAKE_RESET },
    };
    for (size_t i = 0; i < 2 * ARRAY_LEN(replies); i++) {
        fake_upstream_reply(rig->upstream, replies[i / 2]);
        SCOPED(grpc_raw_reply) struct grpc_raw_reply reply = get_with(rig, &own, i % 2);
        assert_null(strstr(reply.message, "secret"));
    }
    assert_int_equal(program_stop(&rig->program, SIGTERM), 0);
    assert_non_null(strstr(rig->program.output, GET_SNAPSHOT)); /* it does log */
    assert_null(strstr(rig->program.output, "secret"));
    gateway_rig_stop(rig);
}

/* ---- Everything else ----------------------------------------------------------------------- */

static void nothing_else_is_passed_on(void **state)
{
    static const char *const known[] = { "Host",          "Accept",          "User-Agent",
                                         "Authorization", "Accept-Encoding", NULL };
    struct gateway_rig *rig = *state;
    const struct grpc_raw_header headers[] = {
        { TEXT("x-request-id"), TEXT("42") },
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
        cmocka_unit_test(metadata_above_the_limit_is_refused),
        cmocka_unit_test(a_body_is_announced_as_json),
        cmocka_unit_test(an_enum_text_the_schema_does_not_know_is_named_in_a_trailer),
        cmocka_unit_test(a_reply_without_surprises_has_no_trailer_of_ours),
        cmocka_unit_test(an_odd_enum_text_is_named_as_well_as_can_be),
    };
    return cmocka_run_group_tests(tests, gateway_rig_setup, gateway_rig_teardown);
}
