#include "tests/unit/conformance/fixture.h"

#include <stdio.h>
#include <string.h>

#include "common/env/env.h"
#include "tests/unit/common/check.h"

static const char contract[] = "| ID | Given / request | Expect | Mark | Where |\n"
                               "|---|---|---|---|---|\n"
                               "| SNAP-C-001 | Running source | 201 | [spec] | a.go:1 |\n"
                               "| SNAP-C-009 | a bad name | 400 `a\\|b` | [server] | b.go:2 |\n"
                               "| ERR-001 | | an error is code and message | [spec] | |\n";

static const char resources[] =
    "{\"always\":[400,401],\"cleanup\":[\"/snapshots/\",\"/instances/\"],\"objects\":{"
    "\"Error\":{\"rules\":{\"*\":\"ERR-001\"},\"members\":{\"code\":\"string\",\"message\":"
    "\"string\"}},"
    "\"Thing\":{\"rules\":{\"*\":\"SNAP-C-001\",\"id\":\"SNAP-C-009\"},\"members\":{"
    "\"id\":\"id\",\"name\":\"string|null\",\"kind\":[\"Standby\",\"Stopped\"],\"tags?\":\"map\","
    "\"at?\":\"timestamp\",\"size?\":\"size\",\"wait?\":\"duration\",\"parts?\":\"[Thing]\"}}},"
    "\"operations\":{"
    "\"GET /things\":{\"answers\":{\"200\":\"[Thing]\"},\"errors\":[500]},"
    "\"POST "
    "/things\":{\"answers\":{\"201\":\"Thing\"},\"errors\":[409],\"creates\":\"/snapshots/\"},"
    "\"POST "
    "/instances\":{\"answers\":{\"201\":\"object\"},\"errors\":[],\"creates\":\"/instances/\"},"
    "\"GET /things/{id}\":{\"answers\":{\"200\":\"Thing\"},\"errors\":[404]},"
    "\"DELETE /snapshots/{id}\":{\"answers\":{\"204\":\"empty\"},\"errors\":[404]}}}";

void fixture_begin(struct fixture *f)
{
    *f = (struct fixture){ .arena = arena_capped(1 << 20), .bundle = buffer_capped(1 << 20) };
    fixture_add(f, "contract/snapshots.md", contract);
    fixture_add(f, "schema/resources.json", resources);
}

void fixture_end(struct fixture *f)
{
    shapes_fini(&f->shapes);
    scenario_set_fini(&f->set);
    buffer_fini(&f->bundle);
    arena_fini(&f->arena);
}

void fixture_add(struct fixture *f, const char *path, const char *bytes)
{
    assert_true(bundle_append(&f->bundle, text_of(path), text_of(bytes)));
}

void fixture_load(struct fixture *f)
{
    struct text bundle = buffer_text(&f->bundle);
    struct bundle_file shapes;
    struct error err = { 0 };

    assert_true(bundle_find(bundle, "schema/resources.json", &shapes));
    if (!catalogue_load(bundle, &f->arena, &f->catalogue, &err) ||
        !scenario_set_load(bundle, &f->catalogue, &f->set, &err) ||
        !shapes_load(shapes.bytes, &f->catalogue, &f->arena, &f->shapes, &err))
        fail_msg("%s", err.message);
}

static bool answer(void *ctx, const struct transport_request *request, struct arena *arena,
                   struct transport_answer *out, struct error *err)
{
    static const struct http_header json[] = { { TEXT("Content-Type"), TEXT("application/json") } };
    struct fixture *f = ctx;
    const struct fake_answer *next = &f->script[f->script_at];

    assert_true(f->call_count < FAKE_CALLS_MAX);
    (void)snprintf(f->calls[f->call_count++], sizeof f->calls[0], "%s %s%s" TEXT_FMT,
                   request->method, request->target, request->body.data == NULL ? "" : " ",
                   TEXT_ARGS(request->body));
    if (f->script[f->script_at + 1].status != 0 || f->script[f->script_at + 1].failure != 0)
        f->script_at++;
    if (next->status == 0)
        return error_set(err, next->failure, "scripted");
    *out = (struct transport_answer){ .status = next->status,
                                      .grpc_code = next->grpc_code,
                                      .cut = next->cut };
    if (next->body != NULL) {
        out->headers = arena_alloc(arena, sizeof json);
        if (out->headers == NULL)
            return error_set(err, ERROR_NO_MEMORY, "out of memory");
        memcpy(out->headers, json, sizeof json);
        out->header_count = 1;
        out->body = text_of(next->body);
    }
    return true;
}

/* 2026-01-01T00:00:00Z */
static int64_t wall_ns(void *ctx)
{
    (void)ctx;
    return INT64_C(1767225600) * NS_PER_SEC;
}

static int64_t now_ns(void *ctx)
{
    return ((const struct fixture *)ctx)->now_ns;
}

static void pause_ns(void *ctx, int64_t ns)
{
    (void)ns;
    ((struct fixture *)ctx)->now_ns += NS_PER_SEC;
}

static bool is_cancelled(void *ctx)
{
    const struct fixture *f = ctx;

    return f->cancel_after != 0 && f->call_count >= f->cancel_after;
}

struct stage fixture_stage(struct fixture *f, const struct fake_answer *script)
{
    f->script = script;
    f->script_at = 0;
    f->call_count = 0;
    return (struct stage){ .transport = { answer, f },
                           .control = { answer, f },
                           .via = f->via,
                           .shapes = &f->shapes,
                           .target = &f->target,
                           .token = "secret",
                           .jwt_secret = TEXT("key"),
                           .wall_ns = wall_ns,
                           .image = "alpine",
                           .prefix = "hc1-0",
                           .deadline_ns = NS_PER_SEC,
                           .now_ns = now_ns,
                           .pause = pause_ns,
                           .cancelled = is_cancelled,
                           .ctx = f };
}

void fixture_play_into(struct fixture *f, const struct fake_answer *script, struct result *result)
{
    const struct stage stage = fixture_stage(f, script);
    bool reached = play(&f->set.items[0], &stage, result);
    if (!reached)
        assert_int_equal(result->outcome, OUTCOME_NOT_RUN);
}

struct result *fixture_play(struct fixture *f, const struct fake_answer *script)
{
    struct result *result = result_new(&f->set.items[0], f->via);

    assert_non_null(result);
    fixture_play_into(f, script, result);
    return result;
}
