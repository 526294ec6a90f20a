#include "conformance/session.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/base/fd.h"
#include "common/env/env.h"
#include "common/program/read_file.h"
#include "common/program/sibling.h"
#include "conformance/drive/grpc.h"
#include "conformance/drive/rest.h"
#include "conformance/drive/workers.h"
#include "conformance/reports.h"
#include "conformance/suite/known_failing.h"
#include "conformance/suite/probe.h"
#include "conformance/suite/token.h"

enum {
    KNOWN_MAX_BYTES = 1 << 20,
    RUN_ID_MAX = 16,
    PROGRAM_MAX = 512,
    NOTES_MAX = 8 << 20,
    SECRET_MAX = 64 * 1024
};

struct session {
    const struct settings *settings;
    const struct library *library;
    struct arena arena;
    struct sibling mock;
    struct sibling gateway;
    const char *grpc; /* "127.0.0.1:50051"; NULL: not by gRPC */
    struct capabilities target;
    struct plan plan;
    struct buffer secret; /* of tokens; empty: not known */
    int secret_fd;        /* has it, for a mock of our own */
    const char *token;
    struct buffer known_text;
    struct known_failing known;
    struct reports reports;
    struct run run;
    char id[RUN_ID_MAX];
    char program[PROGRAM_MAX];
};

static void session_scope_end(struct session *s)
{
    for (size_t i = 0; i < s->run.count; i++)
        result_free(s->run.results[i]);
    free(s->run.results);
    sibling_stop(&s->gateway);
    sibling_stop(&s->mock);
    fd_scope_end(&s->secret_fd);
    buffer_fini(&s->secret);
    buffer_fini(&s->known_text);
    arena_fini(&s->arena);
}

/* Short, so that names stay within their 63 characters; unlike that of other runs. */
static void make_id(char out[static RUN_ID_MAX])
{
    const struct rng rng = rng_system();
    uint32_t number;

    rng.fill(rng.ctx, &number, sizeof number);
    (void)snprintf(out, RUN_ID_MAX, "hc%08x", (unsigned)number);
}

/* ---- before ---- */

static bool read_secret(struct session *s, struct error *err)
{
    const char *path = s->settings->jwt_secret_file;

    s->secret = buffer_capped(SECRET_MAX);
    if (path == NULL)
        return true;
    if (!read_file(path, SECRET_MAX, &s->secret, err)) {
        err->code = ERROR_INVALID_ARGUMENT;
        return error_prefix(err, "--jwt-secret-file: ");
    }
    if (s->secret.len > 0 && s->secret.data[s->secret.len - 1] == '\n')
        s->secret.len--;
    return s->secret.len > 0 ||
           error_set(err, ERROR_INVALID_ARGUMENT, "--jwt-secret-file: %s is empty", path);
}

/* Our own mock gets a secret of the run, through a file that has no name and ends with us. */
static bool make_secret(struct session *s, char *path, size_t size, struct error *err)
{
    const struct rng rng = rng_system();
    uint64_t bits[4];

    if (s->secret.len == 0) {
        rng.fill(rng.ctx, bits, sizeof bits);
        for (size_t i = 0; i < ARRAY_LEN(bits); i++)
            buffer_appendf(&s->secret, "%016llx", (unsigned long long)bits[i]);
    }
    s->secret_fd = memfd_create("jwt-secret", 0); /* inherited */
    (void)snprintf(path, size, "/proc/self/fd/%d", s->secret_fd);
    return (s->secret_fd >= 0 && !s->secret.failed &&
            write(s->secret_fd, s->secret.data, s->secret.len) == (ssize_t)s->secret.len) ||
           error_set(err, ERROR_INTERNAL, "cannot hand over a secret: %s", strerror(errno));
}

static bool start_mock(struct session *s, struct error *err)
{
    char secret[64];
    const char *const args[] = { "--listen",
                                 "127.0.0.1:0",
                                 "--truth",
                                 truth_names[s->settings->wishes.truth],
                                 "--auth",
                                 "jwt",
                                 "--jwt-secret-file",
                                 secret,
                                 "--log",
                                 "off",
                                 NULL };
    if (s->settings->rest != NULL) {
        s->run.target = s->settings->rest;
        return true;
    }
    s->run.target = s->mock.url;
    return make_secret(s, secret, sizeof secret, err) &&
           (sibling_start(&s->mock, "hypeman-mock", args, err) ||
            error_prefix(err, "no --rest URL is given, and "));
}

/* Between the suite and the REST server, unless somebody serves gRPC there already. */
static bool start_gateway(struct session *s, struct error *err)
{
    const char *const args[] = { "--listen",
                                 "127.0.0.1:0",
                                 "--upstream",
                                 s->run.target,
                                 "--forward-metadata",
                                 "+x-mock-world",
                                 "--log",
                                 "off",
                                 "--probe",
                                 "off",
                                 NULL };

    if (!s->settings->wishes.vias[VIA_GRPC] && !s->settings->wishes.vias[VIA_BOTH])
        return true;
    s->grpc = s->settings->grpc;
    if (s->grpc != NULL)
        return true;
    s->grpc = s->gateway.url + strlen("grpc://");
    return sibling_start(&s->gateway, "hypeman-gateway", args, err) ||
           error_prefix(err, "no --grpc address is given, and ");
}

static bool choose_token(struct session *s, struct error *err)
{
    s->target.has[CAPABILITY_JWT] = s->secret.len > 0;
    s->token = s->settings->token;
    if (s->token != NULL)
        return true;
    s->token = "conformance";
    return s->secret.len == 0 || token_mint_for("hypeman-conformance", buffer_text(&s->secret),
                                                &s->arena, &s->token, err);
}

static bool load_known(struct session *s, struct error *err)
{
    const char *path = s->settings->known_failing;

    if (path == NULL)
        return true;
    s->known_text = buffer_capped(KNOWN_MAX_BYTES);
    if (read_file(path, KNOWN_MAX_BYTES, &s->known_text, err) &&
        known_failing_load(buffer_text(&s->known_text), &s->arena, &s->known, err))
        return true;
    err->code = err->code == ERROR_NO_MEMORY ? ERROR_NO_MEMORY : ERROR_INVALID_ARGUMENT;
    return error_prefix(err, "--known-failing: %s: ", path);
}

/* An entry that fits no scenario at all, selected or not, is a mistake or history. */
static bool find_problems(struct session *s, struct error *err)
{
    const struct plan_wishes all = { .truth = s->settings->wishes.truth,
                                     .vias = { true, true, true },
                                     .budget_ns = INT64_MAX };
    const char **problems = arena_alloc(&s->arena, (s->known.count + 1) * sizeof *problems);
    struct plan plan;

    if (problems == NULL || !plan_make(s->library->scenarios, &all, NULL, &s->arena, &plan, err))
        return problems != NULL || error_set(err, ERROR_NO_MEMORY, "out of memory");
    s->run.problems = problems;
    for (size_t i = 0; i < s->known.count; i++) {
        const struct known_entry *entry = &s->known.entries[i];
        size_t fits = 0;
        for (size_t p = 0; p < plan.count; p++)
            fits += known_entry_fits(entry, plan.items[p].id);
        if (fits > 0)
            continue;
        const char *problem = arena_printf(&s->arena, "line %zu: " TEXT_FMT " fits no scenario",
                                           entry->line, TEXT_ARGS(entry->pattern));
        if (problem == NULL)
            return error_set(err, ERROR_NO_MEMORY, "out of memory");
        problems[s->run.problem_count++] = problem;
    }
    return true;
}

/* Whether somebody answers by gRPC, too. */
static bool ask_grpc(struct session *s, bool *there, struct error *err)
{
    const atomic_bool never = false;
    struct transport transport;
    struct error why = { 0 };

    if (s->grpc == NULL || !*there)
        return true;
    grpc_setup();
    if (!grpc_open(s->grpc, s->library->api, &never, &transport, err))
        return false;
    *there = probe_alive(&transport, VIA_GRPC, &why);
    grpc_close(&transport);
    if (!*there)
        (void)fprintf(stderr, "hypeman-conformance: %s: %s\n", s->grpc, why.message);
    return true;
}

/* Whether somebody answers. A refused token is the user's mistake. */
static bool ask_target(struct session *s, bool *there, struct error *err)
{
    const atomic_bool never = false;
    struct transport transport;
    struct error why = { 0 };

    if (!rest_open(s->run.target, &never, &transport, err))
        return false;
    *there = probe_target(&transport, s->token, &s->target, &why);
    rest_close(&transport);
    if (!*there && why.code == ERROR_UNAUTHENTICATED)
        return error_set(err, ERROR_INVALID_ARGUMENT, "--token: %s", why.message);
    if (!*there)
        (void)fprintf(stderr, "hypeman-conformance: %s: %s\n", s->run.target, why.message);
    s->target.has[CAPABILITY_CREATE_INSTANCES] = !s->settings->read_only;
    return true;
}

static bool make_plan(struct session *s, bool there, struct error *err)
{
    if (!plan_make(s->library->scenarios, &s->settings->wishes, there ? &s->target : NULL,
                   &s->arena, &s->plan, err))
        return false;
    if (s->plan.count == 0)
        return error_set(err, ERROR_INVALID_ARGUMENT, "--select: fits no scenario");
    s->run.planned = s->plan.count;
    s->run.results = calloc(s->plan.count, sizeof(struct result *));
    return s->run.results != NULL || error_set(err, ERROR_NO_MEMORY, "out of memory");
}

/* ---- the run ---- */

static void take_result(void *ctx, struct result *result)
{
    struct session *s = ctx;
    const struct clock clock = clock_system();

    known_failing_judge(&s->known, clock.now_ns(clock.ctx), result);
    s->run.results[s->run.count++] = result;
    reports_tell(&s->reports, &s->run, EVENT_RESULT, result);
}

static bool nobody_there(struct session *s, struct error *err)
{
    s->run.end = RUN_UNREACHABLE;
    for (size_t i = 0; i < s->plan.count; i++) {
        struct result *result = result_new(s->plan.items[i].scenario, s->plan.items[i].via);
        if (result == NULL)
            return error_set(err, ERROR_NO_MEMORY, "out of memory");
        result->outcome = OUTCOME_NOT_RUN;
        result->reason = "the target cannot be reached";
        take_result(s, result);
    }
    return true;
}

static bool play_all(struct session *s, bool there, int signal_fd, struct error *err)
{
    const struct performance performance = {
        .plan = &s->plan,
        .addresses = { [VIA_REST] = s->run.target, [VIA_GRPC] = s->grpc },
        .api = s->library->api,
        .token = s->token,
        .jwt_secret = buffer_text(&s->secret),
        .image = s->settings->image,
        .run_id = s->id,
        .truth = s->settings->wishes.truth,
        .shapes = s->library->shapes,
        .target = &s->target,
        .deadline_ns = s->settings->deadline_ns,
        .jobs = s->settings->jobs,
        .signal_fd = signal_fd,
        .on_result = take_result,
        .ctx = s,
    };
    int64_t from = monotonic_now_ns();

    reports_tell(&s->reports, &s->run, EVENT_BEGIN, NULL);
    bool ok = there ? perform(&performance, &s->run.end, err) : nobody_there(s, err);
    s->run.took_ns = monotonic_now_ns() - from;
    if (ok)
        reports_tell(&s->reports, &s->run, EVENT_END, NULL);
    return ok;
}

static void introduce(struct session *s)
{
    const struct clock clock = clock_system();

    make_id(s->id);
    (void)snprintf(s->program, sizeof s->program, "hypeman-conformance --truth %s%s%s",
                   truth_names[s->settings->wishes.truth],
                   s->settings->rest == NULL ? "" : " --rest ",
                   s->settings->rest == NULL ? "" : s->settings->rest);
    s->run = (struct run){ .program = s->program,
                           .version = TESTKIT_VERSION,
                           .truth = s->settings->wishes.truth,
                           .capabilities = &s->target,
                           .catalogue = s->library->catalogue,
                           .id = s->id,
                           .began_ns = clock.now_ns(clock.ctx) };
}

bool session_run(const struct settings *settings, const struct library *library, int signal_fd,
                 int *status, struct error *err)
{
    SCOPED(session)
    struct session s = { .settings = settings,
                         .library = library,
                         .arena = arena_capped(NOTES_MAX) };
    bool there = false;

    introduce(&s);
    if (!load_known(&s, err) || !find_problems(&s, err) || !read_secret(&s, err) ||
        !start_mock(&s, err) || !start_gateway(&s, err) || !choose_token(&s, err) ||
        !rest_setup(err) || !ask_target(&s, &there, err) || !ask_grpc(&s, &there, err) ||
        !make_plan(&s, there, err) || !reports_open(&s.reports, settings, err))
        return false;
    bool ok = play_all(&s, there, signal_fd, err);
    if (!reports_close(&s.reports) && ok)
        return error_set(err, ERROR_INTERNAL, "a report could not be written");
    *status = run_exit_status(&s.run);
    return ok;
}
