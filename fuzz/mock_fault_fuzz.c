/* mock_fault: whatever the rules, they are made or refused with a reason, and whatever they do to
 * the answers, each can be sent, as far as there is one, and everything is given back. */
#include "fuzz/fuzz.h"
#include "mock/control/control.h"
#include "tests/support/fake_env.h"

enum { MAX_BYTES = 4 * 1024 * 1024, MAX_PIECES = 100 };

static void on_ready(struct response *res)
{
    (void)res;
}

struct asker {
    struct control *control;
    struct arena arena;
    struct response res;
};

static void ask(struct asker *asker, struct control *control, enum http_method method,
                const char *target, struct text body)
{
    const struct http_header headers[] = { { TEXT("Host"), TEXT("localhost") },
                                           { TEXT("Content-Type"), TEXT("application/json") } };
    struct http_request req = {
        .method = method, .headers = headers, .header_count = ARRAY_LEN(headers), .body = body
    };

    *asker = (struct asker){ .control = control, .arena = arena_capped(MAX_BYTES) };
    response_init(&asker->res, &asker->arena, MAX_BYTES);
    http_split_target(text_of(target), &req.path, &req.query);
    control_handle(control, &req, &asker->res);
    control_turn(control);
}

/* As the edge would send it: a head with a status unless nothing is sent, and pieces. */
static void take_answer(struct asker *asker)
{
    struct response *res = &asker->res;

    if (res->waiting)
        return;
    ALWAYS(res->spoil.lost || (res->status >= 200 && res->status <= 599));
    ALWAYS(res->header_count <= RESPONSE_MAX_HEADERS);
    for (int i = 0; i < MAX_PIECES && res->stream.next != NULL && !res->stream.ended; i++) {
        if (!response_pull(res)) {
            control_wait(asker->control, res);
            return;
        }
    }
}

static void leave(struct asker *asker)
{
    if (asker->res.waiting)
        control_forget(asker->control, &asker->res);
    control_end(asker->control, &asker->res);
    response_fini(&asker->res);
    arena_fini(&asker->arena);
}

static void ask_and_leave(struct control *control, enum http_method method, const char *target,
                          struct text body, int least, int most)
{
    struct asker asker;

    ask(&asker, control, method, target, body);
    ALWAYS(!asker.res.waiting && asker.res.status >= least && asker.res.status <= most);
    ALWAYS(asker.res.body.len > 0);
    leave(&asker);
}

static const struct {
    enum http_method method;
    const char *target, *body;
} requests[] = {
    { HTTP_GET, "/health", "" },
    { HTTP_GET, "/instances", "" },
    { HTTP_GET, "/instances/vm", "" },
    { HTTP_GET, "/instances/vm/wait?state=Stopped&timeout=1m", "" },
    { HTTP_GET, "/instances/vm/logs", "" },
    { HTTP_GET, "/instances/vm/logs?follow=true", "" },
    { HTTP_POST, "/instances/vm/snapshots", "{\"kind\":\"Standby\",\"name\":\"s\"}" },
    { HTTP_POST, "/instances/vm/fork", "{\"name\":\"other\"}" },
    { HTTP_DELETE, "/instances/other", "" },
    { HTTP_GET, "/nowhere", "" },
};

static void ask_everything(struct control *control)
{
    struct asker askers[ARRAY_LEN(requests)];

    for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
        ask(&askers[i], control, requests[i].method, requests[i].target, text_of(requests[i].body));
        take_answer(&askers[i]);
    }
    ask_and_leave(control, HTTP_POST, "/_mock/clock/advance", TEXT("{\"by\":\"25h\"}"), 200, 200);
    for (size_t i = 0; i < ARRAY_LEN(requests); i++)
        take_answer(&askers[i]);
    ask_and_leave(control, HTTP_GET, "/_mock/faults", TEXT(""), 200, 200);
    control_finish(control);
    control_turn(control);
    for (size_t i = 0; i < ARRAY_LEN(requests); i++)
        leave(&askers[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fake_env fake;
    struct control *control;
    struct error err = { 0 };

    fake_env_init(&fake);
    const struct control_settings settings = {
        .plan = { .env = &fake.env,
                  .settings = world_settings_default(),
                  .api = { .auth = AUTH_OFF },
                  .clock_mode = CLOCK_VIRTUAL,
                  .seeded = true,
                  .journal_bytes = MAX_BYTES },
        .worlds = { .max = 1, .ticks = fake.env.clock, .ready = on_ready },
        .enabled = true,
    };
    ALWAYS(control_new(&settings, &control, &err));
    ask_and_leave(control, HTTP_POST, "/instances", TEXT("{\"name\":\"vm\",\"image\":\"alpine\"}"),
                  201, 201);
    ask_and_leave(control, HTTP_POST, "/_mock/clock/advance", TEXT("{\"by\":\"1s\"}"), 200, 200);
    ask_and_leave(control, HTTP_POST, "/_mock/faults", (struct text){ (const char *)data, size },
                  201, 409);
    ask_everything(control);
    control_free(control);
    ALWAYS(fake.live_blocks == 0);
    return 0;
}
