#include "tests/unit/mock/api/api_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/json/json_writer.h"
#include "tests/support/jwt_mint.h"

#define SECRET "secret of the fixture"

enum { MAX_BYTES = 64 * 1024 * 1024 };

static void start(struct api_fixture *f, struct world_settings world)
{
    world.quirks = ledger_quirks(f->truth);
    f->world = world_new(&f->fake.env, &world);
    assert_non_null(f->world);
    f->api = NULL;
    given_auth(f, AUTH_ANY);
}

static void stop(struct api_fixture *f)
{
    api_free(f->api);
    world_free(f->world);
}

void api_restart(struct api_fixture *f, const struct world_settings *settings)
{
    response_reset(&f->res);
    stop(f);
    start(f, *settings);
}

void given_truth(struct api_fixture *f, enum truth truth)
{
    const struct world_settings settings = world_settings_default();

    f->truth = truth;
    api_restart(f, &settings);
}

int api_setup(void **state)
{
    struct api_fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    fake_env_init(&f->fake);
    start(f, world_settings_default());
    f->signed_token = buffer_capped(MAX_BYTES);
    f->arena = arena_capped(MAX_BYTES);
    response_init(&f->res, &f->arena, MAX_BYTES);
    f->token = "Bearer test";
    f->content_type = "application/json";
    *state = f;
    return 0;
}

int api_teardown(void **state)
{
    struct api_fixture *f = *state;

    free(f->answer);
    buffer_fini(&f->signed_token);
    response_fini(&f->res);
    arena_fini(&f->arena);
    stop(f);
    assert_int_equal(f->fake.live_blocks, 0);
    free(f);
    return 0;
}

void given_auth(struct api_fixture *f, enum auth_mode mode)
{
    const struct api_settings settings = {
        .auth = mode,
        .jwt_secret = TEXT(SECRET),
        .truth = f->truth,
        .vivify = f->vivify,
    };

    api_free(f->api);
    f->api = api_new(f->world, &settings);
    assert_non_null(f->api);
}

void given_claims(struct api_fixture *f, const char *claims)
{
    buffer_clear(&f->signed_token);
    jwt_mint_bearer(&f->signed_token, SECRET, claims);
    f->token = f->signed_token.data;
}

/* What an edge would send: the body, then the stream to its end. */
static void collect_answer(struct api_fixture *f)
{
    struct buffer all = buffer_capped(MAX_BYTES);
    bool done = f->res.stream.next == NULL;

    f->pieces = 1;
    buffer_append_text(&all, buffer_text(&f->res.body));
    for (; !done; f->pieces++) {
        buffer_clear(&f->res.body);
        assert_true(f->res.stream.next(f->res.stream.ctx, &f->res.body, &done));
        buffer_append_text(&all, buffer_text(&f->res.body));
    }
    assert_true(buffer_append_byte(&all, '\0'));
    free(f->answer);
    f->answer = buffer_take(&all).data;
}

static void handle(struct api_fixture *f, enum http_method method, const char *target,
                   const char *body, struct response *res)
{
    struct http_header headers[3] = { { TEXT("Host"), TEXT("localhost") } };
    struct http_request req = { .method = method, .headers = headers, .header_count = 1 };

    http_split_target(text_of(target), &req.path, &req.query);
    if (f->token != NULL)
        headers[req.header_count++] =
            (struct http_header){ TEXT("Authorization"), text_of(f->token) };
    if (body != NULL && f->content_type != NULL)
        headers[req.header_count++] =
            (struct http_header){ TEXT("Content-Type"), text_of(f->content_type) };
    req.body = text_of(body);

    api_handle(f->api, &req, res);
}

void send_request(struct api_fixture *f, enum http_method method, const char *target,
                  const char *body)
{
    response_reset(&f->res);
    handle(f, method, target, body, &f->res);
    assert_false(f->res.waiting);
    collect_answer(f);
}

void get(struct api_fixture *f, const char *target)
{
    send_request(f, HTTP_GET, target, NULL);
}

void post(struct api_fixture *f, const char *target, const char *body)
{
    send_request(f, HTTP_POST, target, body);
}

/* What an edge does with an answer that need not wait: sends it, or as much of it as there is. */
static void receive(struct response *res)
{
    struct api_client *client =
        (struct api_client *)((char *)res - offsetof(struct api_client, res));

    client->answered = true;
    buffer_append_text(&client->received, buffer_text(&res->body));
    while (res->stream.next != NULL && !res->stream.ended) {
        if (!response_pull(res)) {
            api_wait(client->api, res);
            return;
        }
        assert_false(res->stream.broken);
        buffer_append_text(&client->received, buffer_text(&res->body));
    }
    client->ended = true;
}

void client_get(struct api_fixture *f, struct api_client *client, const char *target)
{
    *client = (struct api_client){
        .api = f->api,
        .arena = arena_capped(MAX_BYTES),
        .received = buffer_capped(MAX_BYTES),
    };
    response_init(&client->res, &client->arena, MAX_BYTES);
    handle(f, HTTP_GET, target, NULL, &client->res);
    if (!client->res.waiting)
        receive(&client->res);
}

void client_leave(struct api_client *client)
{
    if (client->res.waiting)
        api_forget(client->api, &client->res);
    response_fini(&client->res);
    buffer_fini(&client->received);
    arena_fini(&client->arena);
}

void pass(struct api_fixture *f, int64_t ns)
{
    f->fake.now_ns += ns;
    api_turn(f->api, receive);
}

void expect_received(const struct api_client *client, int status, const char *body)
{
    assert_true(client->ended);
    assert_int_equal(client->res.status, status);
    if (!text_equal_cstr(buffer_text(&client->received), body))
        fail_msg("received " TEXT_FMT, TEXT_ARGS(buffer_text(&client->received)));
}

void keep_id(struct api_fixture *f)
{
    const char *id = strstr(f->answer, "\"id\":\"");
    assert_non_null(id);
    snprintf(f->id, sizeof f->id, "%.24s", id + strlen("\"id\":\""));
}

void given_instance(struct api_fixture *f, const char *body)
{
    post(f, "/instances", body);
    expect_status(f, 201);
    keep_id(f);
    f->fake.now_ns += NS_PER_SEC;
}

void given_snapshot(struct api_fixture *f, const char *instance, const char *members)
{
    char target[128];
    char body[1024];

    snprintf(target, sizeof target, "/instances/%s/snapshots", instance);
    snprintf(body, sizeof body, "{\"kind\":\"Standby\"%s%s}", members[0] == '\0' ? "" : ",",
             members);
    post(f, target, body);
    expect_status(f, 201);
    keep_id(f);
}

static void blame(const struct api_fixture *f)
{
    print_error("%s: unexpected answer %d: %s\n", f->about == NULL ? "" : f->about, f->res.status,
                f->answer);
}

void expect_status(struct api_fixture *f, int status)
{
    if (f->res.status != status)
        blame(f);
    assert_int_equal(f->res.status, status);
}

static void expect_body(struct api_fixture *f, int status, const char *type, const char *body)
{
    expect_status(f, status);
    if (strcmp(f->answer, body) != 0)
        blame(f);
    assert_string_equal(f->res.content_type, type);
    assert_string_equal(f->answer, body);
}

void expect_json(struct api_fixture *f, int status, const char *body)
{
    expect_body(f, status, "application/json", body);
}

void expect_text(struct api_fixture *f, int status, const char *text)
{
    char body[512];

    snprintf(body, sizeof body, "%s\n", text);
    expect_body(f, status, "text/plain; charset=utf-8", body);
    assert_int_equal(f->res.header_count, 1);
    assert_true(text_equal_cstr(f->res.headers[0].name, "X-Content-Type-Options"));
    assert_true(text_equal_cstr(f->res.headers[0].value, "nosniff"));
}

void expect_contains(struct api_fixture *f, const char *part)
{
    if (strstr(f->answer, part) != NULL)
        return;
    blame(f);
    fail_msg("no %s", part);
}

void expect_lacks(struct api_fixture *f, const char *part)
{
    if (strstr(f->answer, part) == NULL)
        return;
    blame(f);
    fail_msg("%s is there", part);
}

void write_error(struct buffer *out, const char *code, const char *message)
{
    struct json_writer w = json_writer_to(out, JSON_ESCAPE_HTML);

    json_write_object_begin(&w);
    json_member_string(&w, "code", text_of(code));
    json_member_string(&w, "message", text_of(message));
    json_write_object_end(&w);
}

static void expect_error_body(struct api_fixture *f, int status, const char *code,
                              const char *message, const char *end)
{
    struct buffer body = buffer_capped(MAX_BYTES);

    write_error(&body, code, message);
    buffer_append_cstr(&body, end);
    assert_true(buffer_append_byte(&body, '\0'));
    expect_json(f, status, body.data);
    buffer_fini(&body);
}

void expect_bad_request(struct api_fixture *f, const char *message)
{
    char pasted[2048];

    if (f->truth == TRUTH_SPEC) {
        expect_error_body(f, 400, "Bad Request", message, "");
        return;
    }
    snprintf(pasted, sizeof pasted, "{\"code\":\"Bad Request\",\"message\":\"%s\"}", message);
    expect_json(f, 400, pasted);
}

void expect_binding_error(struct api_fixture *f, const char *message)
{
    if (f->truth == TRUTH_SPEC)
        expect_bad_request(f, message);
    else
        expect_text(f, 400, message);
}

void expect_error(struct api_fixture *f, int status, const char *code, const char *message)
{
    expect_error_body(f, status, code, message, "\n");
}
