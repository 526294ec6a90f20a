/* Planted clients, and what is said about them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mock/api/route.h"
#include "mock/control/verdicts.h"
#include "tests/unit/mock/control/control_fixture.h"

enum { MAX_BYTES = 1024 * 1024, MAX_STEPS = 12 };

/* One request: how long after the one before, what it says, and what comes of it. */
struct step {
    int after_ms;
    enum http_method method;
    const char *path; /* with its query; NULL: the end of the steps */
    const char *operation;
    const char *retry_count, *timeout, *idempotency;
    int status;
    const char *retry_after, *retry_after_ms;
    const char *fault;
    bool unapplied;
    bool lost;   /* nothing of the answer arrives */
    bool stream; /* that stays open               */
    int took_ms;
};

static bool next_piece(void *ctx, struct buffer *out, bool *done)
{
    (void)ctx;
    (void)out;
    *done = false;
    return true;
}

static void close_piece(void *ctx)
{
    (void)ctx;
}

static void add_header(struct http_request *req, struct http_header *headers, const char *name,
                       const char *value)
{
    if (value != NULL)
        headers[req->header_count++] = (struct http_header){ text_of(name), text_of(value) };
}

static const struct route *route_of(const char *operation)
{
    for (const struct route *route = routes; operation != NULL && route->path != NULL; route++) {
        if (strcmp(route->operation_id, operation) == 0)
            return route;
    }
    return NULL;
}

static void play(struct control_fixture *f, const struct step *step, uint64_t number,
                 struct response *res)
{
    struct journal *journal = &control_worlds(f->control)->main->journal;
    struct http_header headers[4];
    struct http_request req = { .method = step->method, .headers = headers };

    http_split_target(text_of(step->path), &req.path, &req.query);
    add_header(&req, headers, "User-Agent", "planted/1");
    add_header(&req, headers, "X-Stainless-Retry-Count", step->retry_count);
    add_header(&req, headers, "X-Stainless-Timeout", step->timeout);
    add_header(&req, headers, "Idempotency-Key", step->idempotency);
    f->fake.now_ns += step->after_ms * NS_PER_MS;
    res->number = number;
    journal_begin(journal, &req, res, 0, f->fake.now_ns);
    res->trace.route = route_of(step->operation);
    res->status = step->status;
    if (step->retry_after != NULL)
        response_add_header(res, "Retry-After", step->retry_after);
    if (step->retry_after_ms != NULL)
        response_add_header(res, "Retry-After-Ms", step->retry_after_ms);
    res->trace.fault = step->fault;
    res->trace.unapplied = step->unapplied;
    res->delivered = !step->lost;
    f->fake.now_ns += step->took_ms * NS_PER_MS;
    if (step->stream)
        res->stream = (struct response_stream){ .next = next_piece, .close = close_piece };
    else
        journal_end(journal, res, f->fake.now_ns);
}

#define POST_SNAPSHOT                                                                              \
    .method = HTTP_POST, .path = "/instances/vm/snapshots", .operation = "createInstanceSnapshot"
#define WAIT .method = HTTP_GET, .operation = "waitForInstanceState"

static const struct {
    const char *client;
    struct step steps[MAX_STEPS];
    const char *verdicts; /* all of the answer's list */
} clients[] = {
    { "a patient one",
      { { POST_SNAPSHOT, .status = 503, .retry_after = "2" },
        { 2010, POST_SNAPSHOT, .retry_count = "1", .status = 201 } },
      "{\"kind\":\"retry-after-honoured\",\"level\":\"fine\",\"requests\":[\"default-1\",\"default-"
      "2\"],\"why\":\"default-2 came 2.01s after default-1, whose answer asked for 2s to be "
      "waited\"}" },
    { "one that ignores Retry-After",
      { { POST_SNAPSHOT, .status = 429, .retry_after = "2" },
        { 500, POST_SNAPSHOT, .retry_count = "1", .status = 201 } },
      "{\"kind\":\"retry-after-ignored\",\"level\":\"fault\",\"requests\":[\"default-1\",\"default-"
      "2\"],\"why\":\"default-2 came 500ms after default-1, whose answer asked for 2s to be "
      "waited\"}" },
    { "the same in milliseconds, without a header that says it tries again",
      { { POST_SNAPSHOT, .status = 503, .retry_after = "1", .retry_after_ms = "1500" },
        { 1000, POST_SNAPSHOT, .status = 201 } },
      "{\"kind\":\"retry-after-ignored\",\"level\":\"fault\",\"requests\":[\"default-1\",\"default-"
      "2\"],\"why\":\"default-2 came 1s after default-1, whose answer asked for 1500ms to be "
      "waited\"}" },
    { "one that posts again after an answer was lost",
      { { POST_SNAPSHOT, .status = 201, .lost = true, .fault = "fault-1" },
        { 600, POST_SNAPSHOT, .retry_count = "1", .status = 409 } },
      "{\"kind\":\"unsafe-retry\",\"level\":\"fault\",\"requests\":[\"default-1\",\"default-2\"],"
      "\"why\":\"default-2 sends POST /instances/vm/snapshots again without knowing what came of "
      "default-1, which had taken effect; it was answered 409\"}" },
    { "the same after a request was lost",
      { { POST_SNAPSHOT, .status = 201, .lost = true, .fault = "fault-1", .unapplied = true },
        { 600, POST_SNAPSHOT, .retry_count = "1", .status = 201 } },
      "{\"kind\":\"unsafe-retry\",\"level\":\"fault\",\"requests\":[\"default-1\",\"default-2\"],"
      "\"why\":\"default-2 sends POST /instances/vm/snapshots again without knowing what came of "
      "default-1, which had not taken effect; it was answered 201\"}" },
    { "one that says which try is which",
      { { POST_SNAPSHOT, .status = 201, .lost = true, .fault = "fault-1", .idempotency = "k" },
        { 600, POST_SNAPSHOT, .retry_count = "1", .status = 201, .idempotency = "k" } },
      "" },
    { "one that gets again after an answer was lost",
      { { .method = HTTP_GET, .path = "/instances", .lost = true, .fault = "f", .status = 200 },
        { 600, .method = HTTP_GET, .path = "/instances", .retry_count = "1", .status = 200 } },
      "" },
    { "one that polls",
      { { .method = HTTP_GET, .path = "/instances/vm", .status = 404 },
        { 600, .method = HTTP_GET, .path = "/instances/vm", .status = 404 },
        { 600, .method = HTTP_GET, .path = "/instances/vm", .status = 200 } },
      "" },
    { "one that hopes for another answer",
      { { .method = HTTP_GET, .path = "/instances/vm", .status = 404 },
        { 600, .method = HTTP_GET, .path = "/instances/vm", .status = 404, .retry_count = "1" } },
      "{\"kind\":\"futile-retry\",\"level\":\"warning\",\"requests\":[\"default-1\",\"default-2\"],"
      "\"why\":\"default-2 repeats default-1, whose answer, 404, does not change by being asked "
      "for "
      "again\"}" },
    { "a storm",
      { { .method = HTTP_GET, .path = "/instances", .status = 503 },
        { 10, .method = HTTP_GET, .path = "/instances", .status = 503, .retry_count = "1" },
        { 10, .method = HTTP_GET, .path = "/instances", .status = 503, .retry_count = "2" },
        { 10, .method = HTTP_GET, .path = "/instances", .status = 503, .retry_count = "3" } },
      "{\"kind\":\"retry-storm\",\"level\":\"fault\",\"requests\":[\"default-1\",\"default-2\","
      "\"default-3\",\"default-4\"],\"why\":\"GET /instances was tried 4 times, each at once after "
      "the one before, which a server in trouble can least bear\"}" },
    { "one that backs off",
      { { .method = HTTP_GET, .path = "/instances", .status = 503 },
        { 500, .method = HTTP_GET, .path = "/instances", .status = 503, .retry_count = "1" },
        { 900, .method = HTTP_GET, .path = "/instances", .status = 503, .retry_count = "2" },
        { 2000, .method = HTTP_GET, .path = "/instances", .status = 503, .retry_count = "3" } },
      "" },
    { "one that never gives up",
      { { .method = HTTP_GET, .path = "/x", .status = 503 },
        { 900, .method = HTTP_GET, .path = "/x", .status = 503, .retry_count = "1" },
        { 900, .method = HTTP_GET, .path = "/x", .status = 503, .retry_count = "2" },
        { 900, .method = HTTP_GET, .path = "/x", .status = 503, .retry_count = "3" },
        { 900, .method = HTTP_GET, .path = "/x", .status = 503, .retry_count = "4" },
        { 900, .method = HTTP_GET, .path = "/x", .status = 503, .retry_count = "5" },
        { 900, .method = HTTP_GET, .path = "/x", .status = 503, .retry_count = "6" },
        { 900, .method = HTTP_GET, .path = "/x", .status = 503, .retry_count = "7" },
        { 900, .method = HTTP_GET, .path = "/x", .status = 503, .retry_count = "8" } },
      "{\"kind\":\"retry-storm\",\"level\":\"fault\",\"requests\":[\"default-1\",\"default-2\","
      "\"default-3\",\"default-4\",\"default-5\",\"default-6\",\"default-7\",\"default-8\","
      "\"default-9\"],\"why\":\"GET /x was tried 9 times, which is more than helps\"}" },
    { "one that asks to be held longer than it holds out",
      { { WAIT, .path = "/instances/vm/wait?state=Running&timeout=2m", .timeout = "60",
          .status = 200 } },
      "{\"kind\":\"wait-beyond-timeout\",\"level\":\"fault\",\"requests\":[\"default-1\"],\"why\":"
      "\"default-1 asks to be held for up to 2m0s and gives up by itself after 1m0s\"}" },
    { "the same by default",
      { { WAIT, .path = "/instances/vm/wait?state=Running", .timeout = "30", .status = 200 } },
      "{\"kind\":\"wait-beyond-timeout\",\"level\":\"fault\",\"requests\":[\"default-1\"],\"why\":"
      "\"default-1 asks to be held for up to 1m0s and gives up by itself after 30s\"}" },
    { "one that holds out",
      { { WAIT, .path = "/instances/vm/wait?state=Running&timeout=30s", .timeout = "60",
          .status = 200 } },
      "" },
    { "one that leaves",
      { { .method = HTTP_GET,
          .path = "/instances",
          .timeout = "1",
          .lost = true,
          .took_ms = 1000 } },
      "{\"kind\":\"client-left\",\"level\":\"warning\",\"requests\":[\"default-1\"],\"why\":\"the "
      "client of default-1 left after 1s without its answer, when its own timeout was over\"}" },
    { "one that leaks a stream",
      { { .method = HTTP_GET,
          .path = "/instances/vm/logs?follow=true",
          .status = 200,
          .stream = true },
        { 12500, .method = HTTP_GET, .path = "/instances", .status = 200 } },
      "{\"kind\":\"stream-left-open\",\"level\":\"warning\",\"requests\":[\"default-1\"],\"why\":"
      "\"default-1 is a stream that is still open after 12.5s; who has done with one closes "
      "it\"}" },
};

static void a_planted_client_is_judged(void **state)
{
    struct control_fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
        struct arena arenas[MAX_STEPS];
        struct response answers[MAX_STEPS];
        char expected[1024];
        size_t count = 0;
        control_restart(f);
        for (; count < MAX_STEPS && clients[i].steps[count].path != NULL; count++) {
            arenas[count] = arena_capped(MAX_BYTES);
            response_init(&answers[count], &arenas[count], MAX_BYTES);
            play(f, &clients[i].steps[count], count + 1, &answers[count]);
        }
        snprintf(expected, sizeof expected, "{\"verdicts\":[%s],\"ok\":%s,\"evicted\":0}\n",
                 clients[i].verdicts,
                 strstr(clients[i].verdicts, "\"fault\"") == NULL ? "true" : "false");
        expect(f, HTTP_GET, "/_mock/verdicts", NULL, 200, "");
        if (strcmp(f->answer, expected) != 0)
            fail_msg("%s: %s instead of %s", clients[i].client, f->answer, expected);
        while (count-- > 0) {
            response_fini(&answers[count]);
            arena_fini(&arenas[count]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_planted_client_is_judged, control_setup,
                                        control_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
