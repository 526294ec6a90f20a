/* SIGHUP: --config and --descriptor-set are read again while calls are in flight. */
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

#include "common/env/env.h"
#include "tests/support/gateway_rig.h"
#include "tests/support/http_client.h"

#define GET    "/errands.v1.ErrandService/Get"
#define DROP   "/errands.v1.ErrandService/Drop"
#define AWAIT  "/errands.v1.ErrandService/Await"
#define CHECK  "/grpc.health.v1.Health/Check"
#define WATCH  "/grpc.health.v1.Health/Watch"
#define LIST   "/grpc.health.v1.Health/List"
#define ASK    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
#define FORMER "errands.v1.FormerService"
#define LATER  "errands.v1.LaterService"

enum { SERVING = 1, SERVICE_UNKNOWN = 3 };

static const struct text one_id = TEXT("\n\2e1");
static const struct fake_reply hangs = { .hold = true };

/* ---- A gateway and its files --------------------------------------------------------------- */

struct scene {
    char folder[32];
    const char *config; /* file names */
    const char *set;
    struct arena memory;
    struct gateway_rig *rig;
    size_t reloads; /* that took effect  */
    size_t failures;
};

static struct text file_bytes(struct scene *s, const char *path)
{
    enum { MOST = 1 << 20 };
    char *bytes = arena_alloc(&s->memory, MOST);
    FILE *file = fopen(path, "re");
    assert_non_null(bytes);
    assert_non_null(file);
    const size_t len = fread(bytes, 1, MOST, file);
    assert_in_range(len, 1, MOST - 1);
    (void)fclose(file);
    return (struct text){ bytes, len };
}

/* All of it or nothing, as whoever runs a gateway should do it too. */
static void write_file(struct scene *s, const char *path, struct text bytes)
{
    const char *draft = arena_printf(&s->memory, "%s.new", path);
    FILE *file = fopen(draft, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.data, 1, bytes.len, file), bytes.len);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(rename(draft, path), 0);
}

static void given_config(struct scene *s, const char *members)
{
    const char *text = arena_printf(&s->memory, "{\"descriptor-set\": \"%s\"%s%s}\n", s->set,
                                    members[0] == '\0' ? "" : ", ", members);
    write_file(s, s->config, text_of(text));
}

static void given_set(struct scene *s, const char *path)
{
    write_file(s, s->set, file_bytes(s, path));
}

static int given_files(void **state)
{
    struct scene *s = calloc(1, sizeof *s);
    assert_non_null(s);
    s->memory = arena_capped(64 << 20);
    (void)snprintf(s->folder, sizeof s->folder, "/tmp/reload-XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    s->config = arena_printf(&s->memory, "%s/config.json", s->folder);
    s->set = arena_printf(&s->memory, "%s/set.pb", s->folder);
    given_set(s, BEFORE_DESCRIPTOR_SET);
    given_config(s, "");
    *state = s;
    return 0;
}

static int forget_files(void **state)
{
    struct scene *s = *state;
    if (s->rig != NULL)
        gateway_rig_stop(s->rig);
    (void)unlink(s->config);
    (void)unlink(s->set);
    (void)rmdir(s->folder);
    arena_fini(&s->memory);
    free(s);
    return 0;
}

/* flags  besides --config; NULL for none */
static void start(struct scene *s, const char *const *flags)
{
    const char *all[GATEWAY_FLAGS_MAX] = { "--config", s->config };
    for (size_t i = 0; flags != NULL && flags[i] != NULL; i++)
        all[2 + i] = flags[i];
    s->rig = gateway_rig_start(all);
    fake_upstream_otherwise(s->rig->upstream,
                            http_answer(&s->memory, 200, "", TEXT("{\"id\":\"e1\"}")));
}

static void reload(struct scene *s)
{
    kill(s->rig->program.pid, SIGHUP);
    gateway_rig_wait_says(s->rig, "hypeman-gateway: reloaded", ++s->reloads);
}

static void fail_to_reload(struct scene *s)
{
    kill(s->rig->program.pid, SIGHUP);
    gateway_rig_wait_says(s->rig, "hypeman-gateway: not reloaded: ", ++s->failures);
}

static struct grpc_raw_call *begin(struct scene *s, const char *path, struct text message)
{
    return grpc_raw_start(s->rig->channel,
                          &(struct grpc_raw_request){ .path = path, .message = message });
}

static void assert_call(struct scene *s, const char *path, struct text message, enum rpc_code code)
{
    SCOPED(grpc_raw_reply) struct grpc_raw_reply reply = grpc_raw_finish(begin(s, path, message));
    if (reply.code != (int)code)
        fail_msg("%s: %s: %s", path, rpc_code_name((enum rpc_code)reply.code), reply.message);
}

static void assert_says(struct scene *s, const char *words)
{
    if (strstr(gateway_rig_errors(s->rig), words) == NULL)
        fail_msg("not said: %s; but: %s", words, gateway_rig_errors(s->rig));
}

/* ---- The descriptor set -------------------------------------------------------------------- */

static void a_new_method_appears_and_a_removed_one_goes(void **state)
{
    struct scene *s = *state;
    start(s, NULL);
    assert_call(s, DROP, one_id, RPC_OK);
    assert_call(s, AWAIT, one_id, RPC_UNIMPLEMENTED);

    given_set(s, AFTER_DESCRIPTOR_SET);
    reload(s);
    assert_call(s, DROP, one_id, RPC_UNIMPLEMENTED);
    assert_call(s, AWAIT, one_id, RPC_OK);
    assert_call(s, GET, one_id, RPC_OK);
}

static void a_call_in_flight_on_a_removed_method_ends_well(void **state)
{
    struct scene *s = *state;
    start(s, NULL);
    fake_upstream_reply(s->rig->upstream,
                        (struct fake_reply){ .bytes = "HTTP/1.1 200 OK\r\nContent-Length: "
                                                      "22\r\n\r\n{\"id\":\"e1\",\"note\":\"n\"}",
                                             .hold = true });
    struct grpc_raw_call *call = begin(s, DROP, one_id);
    assert_true(fake_upstream_wait_requests(s->rig->upstream, 1));

    given_set(s, AFTER_DESCRIPTOR_SET);
    reload(s);
    assert_call(s, DROP, one_id, RPC_UNIMPLEMENTED);
    reload(s); /* the edition of that call is now two behind */
    assert_call(s, GET, one_id, RPC_OK);

    fake_upstream_release(s->rig->upstream, 0);
    SCOPED(grpc_raw_reply) struct grpc_raw_reply reply = grpc_raw_finish(call);
    assert_int_equal(reply.code, RPC_OK);
    assert_true(text_equal(reply.body, one_id)); /* the note is a field of the next edition only */
}

/* A window of calls that is always full, as fast as they are answered. */
enum { WINDOW = 8, RELOADS = 20, CALLS_PER_RELOAD = 200 };

struct load {
    struct grpc_raw_call *calls[WINDOW];
    size_t at;
    size_t count;
};

static void finish_oldest(struct load *load)
{
    struct grpc_raw_call *oldest = TAKE(load->calls[load->at % WINDOW]);
    if (oldest == NULL)
        return;
    SCOPED(grpc_raw_reply) struct grpc_raw_reply reply = grpc_raw_finish(oldest);
    if (reply.code != RPC_OK)
        fail_msg("call %zu: %s: %s", load->count, rpc_code_name((enum rpc_code)reply.code),
                 reply.message);
    load->count++;
}

static void go_on(struct scene *s, struct load *load, size_t calls)
{
    for (size_t i = 0; i < calls; i++, load->at++) {
        finish_oldest(load);
        load->calls[load->at % WINDOW] = begin(s, GET, one_id);
    }
}

static size_t count_reloads(struct scene *s)
{
    size_t count = 0;
    const char *words = "hypeman-gateway: reloaded";
    for (const char *at = gateway_rig_errors(s->rig); (at = strstr(at, words)) != NULL; at++)
        count++;
    return count;
}

static void twenty_reloads_under_load_cost_no_call(void **state)
{
    struct scene *s = *state;
    static const char *const sets[] = { AFTER_DESCRIPTOR_SET, BEFORE_DESCRIPTOR_SET };
    static const char *const configs[] = { "\"max-inflight\": 500, \"return-headers\": \"none\"",
                                           "\"timeout\": \"20s\"" };
    const char *flags[] = { "--workers", "2", "--log", "off", NULL };
    struct load load = { 0 };
    start(s, flags);
    const int64_t start_ns = monotonic_now_ns();
    for (size_t i = 0; i < RELOADS; i++) {
        go_on(s, &load, CALLS_PER_RELOAD / 2);
        given_set(s, sets[i % 2]);
        given_config(s, configs[i % 2]);
        kill(s->rig->program.pid, SIGHUP);
        go_on(s, &load, CALLS_PER_RELOAD / 2);
        while (count_reloads(s) < i + 1)
            go_on(s, &load, 1);
    }
    for (size_t i = 0; i < WINDOW; i++, load.at++)
        finish_oldest(&load);
    const double seconds = (double)(monotonic_now_ns() - start_ns) / (double)NS_PER_SEC;
    print_message("%zu calls in %.2f s, %.0f a second, %d reloads, no error\n", load.count, seconds,
                  (double)load.count / seconds, RELOADS);
    assert_true(load.count >= (size_t)RELOADS * CALLS_PER_RELOAD);
    assert_int_equal(fake_upstream_request_count(s->rig->upstream), load.count);
}

/* ---- Health and reflection ----------------------------------------------------------------- */

static struct grpc_raw_call *watch(struct scene *s, const char *service)
{
    return grpc_raw_open(s->rig->channel,
                         &(struct grpc_raw_request){
                             .path = WATCH,
                             .message = wire_field(&s->memory, 1, text_of(service)),
                         });
}

static void assert_next(struct grpc_raw_call *call, int status)
{
    struct text message;
    assert_true(grpc_raw_read(call, &message));
    assert_int_equal(message.len, 2);
    assert_int_equal(message.data[1], status);
}

static void cancel(struct grpc_raw_call *call)
{
    grpc_raw_cancel(call);
    SCOPED(grpc_raw_reply) struct grpc_raw_reply end = grpc_raw_finish(call);
    assert_int_equal(end.code, RPC_CANCELLED);
}

static void health_knows_the_services_of_the_new_set(void **state)
{
    struct scene *s = *state;
    start(s, NULL);
    struct grpc_raw_call *former = watch(s, FORMER);
    struct grpc_raw_call *later = watch(s, LATER);
    struct grpc_raw_call *whole = watch(s, "");
    struct grpc_raw_call *nobody = watch(s, arena_printf(&s->memory, "%02000d", 0));
    assert_next(former, SERVING);
    assert_next(later, SERVICE_UNKNOWN);
    assert_next(whole, SERVING);
    assert_next(nobody, SERVICE_UNKNOWN);

    given_set(s, AFTER_DESCRIPTOR_SET);
    reload(s);
    assert_next(former, SERVICE_UNKNOWN);
    assert_next(later, SERVING);
    assert_call(s, CHECK, wire_field(&s->memory, 1, TEXT(FORMER)), RPC_NOT_FOUND);
    assert_call(s, CHECK, wire_field(&s->memory, 1, TEXT(LATER)), RPC_OK);
    SCOPED(grpc_raw_reply)
    struct grpc_raw_reply list = grpc_raw_finish(begin(s, LIST, TEXT("")));
    assert_non_null(memmem(list.body.data, list.body.len, LATER, strlen(LATER)));
    assert_null(memmem(list.body.data, list.body.len, FORMER, strlen(FORMER)));

    given_set(s, BEFORE_DESCRIPTOR_SET);
    reload(s);
    assert_next(former, SERVING);
    assert_next(later, SERVICE_UNKNOWN);
    cancel(former);
    cancel(later);
    cancel(whole); /* has heard nothing more */
    cancel(nobody);
}

static struct text services(struct grpc_raw_call *call)
{
    struct text answer;
    grpc_raw_write(call, TEXT("\x3a\x01*"));
    assert_true(grpc_raw_read(call, &answer));
    return answer;
}

static void reflection_shows_the_new_set_and_a_stream_its_own(void **state)
{
    struct scene *s = *state;
    const struct grpc_raw_request request = { .path = ASK, .no_message = true };
    start(s, NULL);
    struct grpc_raw_call *begun = grpc_raw_open(s->rig->channel, &request);
    struct text before = services(begun);
    assert_non_null(memmem(before.data, before.len, FORMER, strlen(FORMER)));

    given_set(s, AFTER_DESCRIPTOR_SET);
    reload(s);
    struct text still = services(begun);
    assert_non_null(memmem(still.data, still.len, FORMER, strlen(FORMER)));
    struct grpc_raw_call *next = grpc_raw_open(s->rig->channel, &request);
    struct text after = services(next);
    assert_non_null(memmem(after.data, after.len, LATER, strlen(LATER)));
    assert_null(memmem(after.data, after.len, FORMER, strlen(FORMER)));
    cancel(begun);
    cancel(next);
}

/* ---- Settings ------------------------------------------------------------------------------ */

static void timeouts_follow_the_file(void **state)
{
    struct scene *s = *state;
    given_set(s, AFTER_DESCRIPTOR_SET);
    start(s, NULL);
    fake_upstream_otherwise(s->rig->upstream, hangs);
    assert_call(s, AWAIT, one_id, RPC_DEADLINE_EXCEEDED); /* by its .proto */

    given_config(s, "\"timeout\": \"100ms\", \"method-timeout\": "
                    "[\"errands.v1.ErrandService/Await=300ms\"]");
    reload(s);
    assert_call(s, GET, one_id, RPC_DEADLINE_EXCEEDED);
    SCOPED(grpc_raw_reply)
    struct grpc_raw_reply reply = grpc_raw_finish(begin(s, AWAIT, one_id));
    assert_int_equal(reply.code, RPC_DEADLINE_EXCEEDED);
    assert_non_null(strstr(reply.message, "within 300 ms"));
}

static bool has_header(struct scene *s, size_t request, const char *words)
{
    const struct text bytes = fake_upstream_request(s->rig->upstream, request).bytes;
    return memmem(bytes.data, bytes.len, words, strlen(words)) != NULL;
}

static void call_with_tenant(struct scene *s)
{
    const struct grpc_raw_header tenant = { TEXT("x-tenant"), TEXT("t1") };
    SCOPED(grpc_raw_reply)
    struct grpc_raw_reply reply =
        grpc_raw_run(s->rig->channel,
                     &(struct grpc_raw_request){
                         .path = GET, .message = one_id, .headers = &tenant, .header_count = 1 });
    assert_int_equal(reply.code, RPC_OK);
}

static void metadata_and_token_follow_the_files(void **state)
{
    struct scene *s = *state;
    const char *token = arena_printf(&s->memory, "%s/token", s->folder);
    start(s, NULL);
    call_with_tenant(s);
    assert_false(has_header(s, 0, "x-tenant"));
    assert_false(has_header(s, 0, "Authorization"));

    write_file(s, token, TEXT("first\n"));
    given_config(s, arena_printf(&s->memory,
                                 "\"forward-metadata\": \"+x-tenant\", \"upstream-token-file\": "
                                 "\"%s\"",
                                 token));
    reload(s);
    call_with_tenant(s);
    assert_true(has_header(s, 1, "x-tenant: t1\r\n"));
    assert_true(has_header(s, 1, "Authorization: Bearer first\r\n"));

    write_file(s, token, TEXT("second\n"));
    reload(s);
    call_with_tenant(s);
    assert_true(has_header(s, 2, "Authorization: Bearer second\r\n"));
    (void)unlink(token);
}

static void limits_and_the_log_follow_the_file(void **state)
{
    struct scene *s = *state;
    start(s, NULL);
    fake_upstream_reply(s->rig->upstream, (struct fake_reply){
                                              .bytes = "HTTP/1.1 200 OK\r\nContent-Length: "
                                                       "2\r\n\r\n{}",
                                              .hold = true,
                                          });
    struct grpc_raw_call *first = begin(s, GET, one_id);
    assert_true(fake_upstream_wait_requests(s->rig->upstream, 1));
    given_config(s, "\"max-inflight\": 1, \"log\": \"json\"");
    reload(s);
    assert_call(s, GET, one_id, RPC_RESOURCE_EXHAUSTED);
    gateway_rig_wait_says(s->rig, "\"grpc_code\":\"RESOURCE_EXHAUSTED\"", 1);

    given_config(s, "");
    reload(s);
    assert_call(s, GET, one_id, RPC_OK);
    fake_upstream_release(s->rig->upstream, 0);
    SCOPED(grpc_raw_reply) struct grpc_raw_reply reply = grpc_raw_finish(first);
    assert_int_equal(reply.code, RPC_OK);
}

/* Of the flags it has none, so that the file decides. */
static void the_probe_follows_the_file_without_a_change_of_health(void **state)
{
    struct scene *s = *state;
    struct fake_upstream *upstream = fake_upstream_new();
    fake_upstream_otherwise(upstream, http_answer(&s->memory, 200, "", TEXT("{}")));
    given_config(s, "\"probe\": \"/one\"");
    const char *arguments[] = { "--config",    s->config,    "--listen",
                                "127.0.0.1:0", "--upstream", fake_upstream_url(upstream),
                                NULL };
    struct program program;
    assert_true(program_start(&program, "hypeman-gateway", arguments));
    assert_true(fake_upstream_wait_requests(upstream, 1));
    given_config(s, "\"probe\": \"/two\", \"probe-period\": \"10ms\"");
    kill(program.pid, SIGHUP);
    const int64_t until_ns = monotonic_now_ns() + 10 * NS_PER_SEC;
    bool is_asked = false;
    for (size_t i = 0; !is_asked && monotonic_now_ns() < until_ns; i++) {
        assert_true(fake_upstream_wait_requests(upstream, i + 1));
        is_asked = text_starts_with(fake_upstream_request(upstream, i).bytes, TEXT("GET /two "));
    }
    assert_true(is_asked);
    assert_int_equal(program_stop(&program, SIGTERM), 0);
    assert_null(strstr(program.output, "NOT_SERVING"));
    program_free(&program);
    fake_upstream_free(upstream);
}

static void what_needs_a_restart_is_named(void **state)
{
    struct scene *s = *state;
    given_config(s, "\"workers\": 1");
    start(s, NULL);
    reload(s);
    assert_null(strstr(gateway_rig_errors(s->rig), "restart"));
    given_config(s, "\"workers\": 2, \"listen\": \"127.0.0.1:1\", \"max-connections\": 7, "
                    "\"timeout\": \"3s\"");
    reload(s);
    /* A flag gives --listen, so the file's is not in force in any case. */
    assert_says(s, "reloaded; only a restart changes --max-connections, --workers\n");
    assert_call(s, GET, one_id, RPC_OK);
}

/* ---- What cannot be used ------------------------------------------------------------------- */

/* The set with other bytes of the same length in it. */
static struct text changed(struct scene *s, const char *what, const char *with)
{
    const struct text set = file_bytes(s, BEFORE_DESCRIPTOR_SET);
    char *at = memmem(set.data, set.len, what, strlen(what));
    assert_non_null(at);
    assert_int_equal(strlen(what), strlen(with));
    memcpy(at, with, strlen(with));
    return set;
}

static void a_bad_file_changes_nothing_and_is_explained(void **state)
{
    struct scene *s = *state;
    const struct {
        const char *members; /* of the configuration; NULL: as it was */
        const char *config;  /* all of it                             */
        struct text set;     /* data NULL: as it was                  */
        const char *says[3];
    } cases[] = {
        { .set = changed(s, "/errands/{id}", "/errands/{ix}"),
          .says = { s->set, "errands.proto: errands.v1.ErrandService.Get: ", "ix" } },
        { .set = TEXT("no descriptor set"), .says = { s->set } },
        { .set = TEXT("\n"), .says = { s->set } },
        { .config = "{\"timeout\": ", .says = { s->config } },
        { .config = "[]", .says = { s->config, "must be a JSON object" } },
        { .members = "\"timeuot\": \"1s\"", .says = { s->config, "did you mean timeout?" } },
        { .members = "\"timeout\": \"soon\"", .says = { s->config, "timeout must be a duration" } },
        { .members = "\"timeout\": true", .says = { s->config, "text or a whole number" } },
        { .members = "\"timeout\": {}", .says = { s->config, "text or a whole number" } },
        { .members = "\"config\": \"x\"", .says = { s->config, "cannot name another file" } },
        { .members = "\"max-inflight\": 0", .says = { s->config, "max-inflight must be" } },
        { .members = "\"forward-metadata\": \"te\"", .says = { s->config, "forward-metadata" } },
        { .members = "\"method-timeout\": \"errands.v1.ErrandService/Nope=1s\"",
          .says = { s->config, "method-timeout names a method that is not served" } },
        { .members = "\"method-timeout\": [\"errands.v1.ErrandService/Get\"]",
          .says = { s->config, "must be package.Service/Method=DURATION" } },
        { .members = "\"upstream-token-file\": \"/no/such/file\"", .says = { "/no/such/file" } },
    };
    start(s, NULL);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const size_t said = strlen(gateway_rig_errors(s->rig));
        if (cases[i].set.data != NULL)
            write_file(s, s->set, cases[i].set);
        if (cases[i].config != NULL)
            write_file(s, s->config, text_of(cases[i].config));
        if (cases[i].members != NULL)
            given_config(s, cases[i].members);
        fail_to_reload(s);
        const char *saying = gateway_rig_errors(s->rig) + said;
        for (size_t k = 0; k < ARRAY_LEN(cases[i].says) && cases[i].says[k] != NULL; k++)
            if (strstr(saying, cases[i].says[k]) == NULL)
                fail_msg("case %zu: not said: %s; but: %s", i, cases[i].says[k], saying);
        assert_call(s, DROP, one_id, RPC_OK);
        given_set(s, BEFORE_DESCRIPTOR_SET);
        given_config(s, "");
    }
    (void)unlink(s->set);
    fail_to_reload(s);
    assert_call(s, DROP, one_id, RPC_OK);

    given_set(s, AFTER_DESCRIPTOR_SET);
    reload(s);
    assert_call(s, DROP, one_id, RPC_UNIMPLEMENTED);
}

static void a_bad_file_stops_the_start(void **state)
{
    struct scene *s = *state;
    const struct {
        const char *members;
        int status;
        const char *says;
    } cases[] = {
        { "\"timeuot\": \"1s\"", 2, "unknown option timeuot; did you mean timeout?" },
        { "\"timeout\": \"soon\"", 2, "timeout must be a duration" },
        { "\"method-timeout\": \"a.B/C=1s\"", 1, "names a method that is not served: a.B/C" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct program program;
        const char *arguments[] = { "--config", s->config, "--upstream", "http://127.0.0.1:1",
                                    NULL };
        given_config(s, cases[i].members);
        assert_true(program_spawn(&program, "hypeman-gateway", arguments));
        assert_int_equal(program_wait(&program), cases[i].status);
        if (strstr(program.output, cases[i].says) == NULL ||
            strstr(program.output, s->config) == NULL)
            fail_msg("%s: %s", cases[i].says, program.output);
        program_free(&program);
    }
}

/* ---- Counters ------------------------------------------------------------------------------ */

static struct http_answer metrics(const struct gateway_rig *rig)
{
    struct http_client client;
    struct http_answer answer;
    assert_true(http_client_open(&client, rig->program.urls[1]));
    assert_true(http_client_request(&client, "GET", "/metrics", NULL));
    assert_true(http_client_read(&client, &answer));
    http_client_close(&client);
    return answer;
}

static void counters_go_on_and_reloads_are_counted(void **state)
{
    struct scene *s = *state;
    const char *flags[] = { "--admin", "127.0.0.1:0", NULL };
    static const char *const lines[] = {
        "grpc_server_started_total{grpc_type=\"unary\",grpc_service=\"errands.v1.ErrandService\","
        "grpc_method=\"Get\"} 2\n",
        "grpc_server_started_total{grpc_type=\"unary\",grpc_service=\"errands.v1.ErrandService\","
        "grpc_method=\"Drop\"} 1\n",
        "grpc_server_started_total{grpc_type=\"unary\",grpc_service=\"errands.v1.ErrandService\","
        "grpc_method=\"Await\"} 1\n",
        "hypeman_gateway_reloads_total 1\n",
        "hypeman_gateway_reloads_failed_total 1\n",
    };
    start(s, flags);
    assert_call(s, GET, one_id, RPC_OK);
    assert_call(s, DROP, one_id, RPC_OK);
    given_set(s, AFTER_DESCRIPTOR_SET);
    reload(s);
    assert_call(s, GET, one_id, RPC_OK);
    assert_call(s, AWAIT, one_id, RPC_OK);
    (void)unlink(s->set);
    fail_to_reload(s);
    struct http_answer page = metrics(s->rig);
    for (size_t i = 0; i < ARRAY_LEN(lines); i++)
        if (memmem(page.body, page.body_len, lines[i], strlen(lines[i])) == NULL)
            fail_msg("no line %s", lines[i]);
    http_answer_free(&page);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, given_files, forget_files)
    const struct CMUnitTest tests[] = {
        TEST(a_new_method_appears_and_a_removed_one_goes),
        TEST(a_call_in_flight_on_a_removed_method_ends_well),
        TEST(twenty_reloads_under_load_cost_no_call),
        TEST(health_knows_the_services_of_the_new_set),
        TEST(reflection_shows_the_new_set_and_a_stream_its_own),
        TEST(timeouts_follow_the_file),
        TEST(metadata_and_token_follow_the_files),
        TEST(limits_and_the_log_follow_the_file),
        TEST(the_probe_follows_the_file_without_a_change_of_health),
        TEST(what_needs_a_restart_is_named),
        TEST(a_bad_file_changes_nothing_and_is_explained),
        TEST(a_bad_file_stops_the_start),
        TEST(counters_go_on_and_reloads_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
