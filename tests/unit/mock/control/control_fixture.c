#include "tests/unit/mock/control/control_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MAX_BYTES = 16 * 1024 * 1024 };

static unsigned ready_count;

static void on_ready(struct response *res)
{
    struct control_client *client =
        (struct control_client *)((char *)res - offsetof(struct control_client, res));
    const struct served_world *world = res->place;

    client->ready = true;
    client->order = ++ready_count;
    client->at_ns = world_clock_now_ns(&world->clock);
}

static void start(struct control_fixture *f)
{
    struct error err = { 0 };

    ready_count = 0;
    assert_true(control_new(&f->settings, &f->control, &err));
}

int control_setup(void **state)
{
    struct control_fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    fake_env_init(&f->fake);
    f->settings = (struct control_settings){
        .plan = { .env = &f->fake.env,
                  .settings = world_settings_default(),
                  .api = { .auth = AUTH_OFF },
                  .clock_mode = CLOCK_VIRTUAL,
                  .seeded = true,
                  .seed = 1,
                  .journal_bytes = CONTROL_JOURNAL_BYTES },
        .worlds = { .max = CONTROL_MAX_WORLDS, .ticks = f->fake.env.clock, .ready = on_ready },
        .enabled = true,
    };
    for (size_t i = 0; i < CAPACITY_KIND_COUNT; i++) /* endless */
        f->settings.plan.settings.capacity.oversub_permille[i] = 1000000000;
    start(f);
    *state = f;
    return 0;
}

int control_teardown(void **state)
{
    struct control_fixture *f = *state;

    control_free(f->control);
    assert_int_equal(f->fake.live_blocks, 0);
    free(f);
    return 0;
}

void control_restart(struct control_fixture *f)
{
    control_free(f->control);
    start(f);
}

static void send(struct control_fixture *f, enum http_method method, const char *target,
                 const char *body, struct response *res)
{
    struct http_header headers[4] = { { TEXT("Host"), TEXT("localhost") } };
    struct http_request req = { .method = method, .headers = headers, .header_count = 1 };

    http_split_target(text_of(target), &req.path, &req.query);
    if (f->token != NULL)
        headers[req.header_count++] =
            (struct http_header){ TEXT("Authorization"), text_of(f->token) };
    if (f->header != NULL)
        headers[req.header_count++] =
            (struct http_header){ TEXT("X-Mock-World"), text_of(f->header) };
    if (body != NULL)
        headers[req.header_count++] =
            (struct http_header){ TEXT("Content-Type"), TEXT("application/json") };
    req.body = text_of(body);
    control_handle(f->control, &req, res);
}

static void keep_answer(struct control_fixture *f, struct response *res)
{
    const struct text allow = http_find_header(res->headers, res->header_count, "Allow");
    size_t len = 0;

    f->status = res->status;
    for (bool more = true; more;) {
        assert_true(len + res->body.len < sizeof f->answer);
        if (res->body.len > 0)
            memcpy(f->answer + len, res->body.data, res->body.len);
        len += res->body.len;
        more = res->stream.next != NULL && !res->stream.ended && response_pull(res);
    }
    f->answer[len] = '\0';
    snprintf(f->request_id, sizeof f->request_id, "%s",
             res->request_id == NULL ? "" : res->request_id);
    snprintf(f->fault, sizeof f->fault, "%s", res->trace.fault == NULL ? "" : res->trace.fault);
    f->lost = res->spoil.lost;
    snprintf(f->allow, sizeof f->allow, TEXT_FMT, TEXT_ARGS(allow));
}

int ask(struct control_fixture *f, enum http_method method, const char *target, const char *body)
{
    struct arena arena = arena_capped(MAX_BYTES);
    struct response res;

    response_init(&res, &arena, MAX_BYTES);
    send(f, method, target, body, &res);
    assert_false(res.waiting);
    keep_answer(f, &res);
    res.delivered = true;
    control_end(f->control, &res);
    response_fini(&res);
    arena_fini(&arena);
    return f->status;
}

void expect(struct control_fixture *f, enum http_method method, const char *target,
            const char *body, int status, const char *part)
{
    (void)ask(f, method, target, body);
    control_turn(f->control);
    if (f->status != status || strstr(f->answer, part) == NULL)
        fail_msg("%s %s %s: %d %s instead of %d %s", http_method_name(method), target,
                 body == NULL ? "" : body, f->status, f->answer, status, part);
}

void client_begin(struct control_fixture *f, struct control_client *client, const char *target)
{
    client_begin_with(f, client, HTTP_GET, target, NULL);
}

void client_begin_with(struct control_fixture *f, struct control_client *client,
                       enum http_method method, const char *target, const char *body)
{
    *client = (struct control_client){ .f = f, .arena = arena_capped(MAX_BYTES) };
    response_init(&client->res, &client->arena, MAX_BYTES);
    send(f, method, target, body, &client->res);
    client->ready = !client->res.waiting;
}

void client_end(struct control_client *client)
{
    if (client->res.waiting)
        control_forget(client->f->control, &client->res);
    control_end(client->f->control, &client->res);
    response_fini(&client->res);
    arena_fini(&client->arena);
}

void expect_answered(const struct control_client *client, int status, const char *part)
{
    const struct text body = buffer_text(&client->res.body);

    assert_true(client->ready);
    assert_int_equal(client->res.status, status);
    if (body.len == 0 || memmem(body.data, body.len, part, strlen(part)) == NULL)
        fail_msg("no %s in " TEXT_FMT, part, TEXT_ARGS(body));
}

void given_instance(struct control_fixture *f, const char *prefix, const char *name)
{
    char target[128];
    char body[128];

    snprintf(target, sizeof target, "%s/instances", prefix);
    snprintf(body, sizeof body, "{\"name\":\"%s\",\"image\":\"alpine\"}", name);
    expect(f, HTTP_POST, target, body, 201, "\"state\":\"Initializing\"");
}
