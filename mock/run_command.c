#include "mock/run_command.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/fd.h"
#include "common/program/child.h"
#include "common/program/options.h"
#include "common/program/parent_process.h"
#include "common/program/signals.h"
#include "mock/api/token_mint.h"
#include "mock/http/serve.h"
#include "mock/service.h"
#include "mock/settings.h"

enum { EXIT_FAILED = 1, EXIT_USAGE = 2, TOKEN_MAX = 64 * 1024, PATIENCE_MS = 5000 };

static const struct option_default defaults[] = {
    { "listen", "127.0.0.1:0" },
    { "log", "off" }, /* standard error is the command's */
    { 0 },
};

static const struct options_program program = {
    .name = "hypeman-mock run",
    .env_prefix = "HYPEMAN_MOCK",
    .summary = "Runs a command with a mock of its own, found by HYPEMAN_BASE_URL, HYPEMAN_API_KEY "
               "and TEST_API_BASE_URL in its environment, and returns its status.",
    .specs = settings_specs,
    .operands = "COMMAND [ARGS]",
    .defaults = defaults,
};

/* What the command and the loop around it need of each other. */
struct run {
    struct inherited inherited;
    int signal_fd;
    struct child child;
    bool ended;
};

static bool pass_signals_on(void *ctx)
{
    const struct run *run = ctx;
    struct signal_news news;

    while (signals_next(run->signal_fd, &news))
        child_signal(&run->child, news.number, news.by_kernel);
    return false;
}

static bool end_with_command(void *ctx)
{
    struct run *run = ctx;

    run->ended = true;
    return true;
}

static bool end_with_parent(void *ctx)
{
    (void)ctx;
    return true;
}

/* For --auth jwt one that allows everything; else any word will do. */
static bool make_key(const struct settings *settings, int64_t now_ns, struct buffer *key,
                     struct error *err)
{
    const struct token_claims claims = { .subject = "hypeman-mock-run",
                                         .issued_at_s = now_ns / NS_PER_SEC };

    if (settings->api.auth != AUTH_JWT)
        buffer_append_cstr(key, "hypeman-mock");
    else if (!token_mint(key, &claims, settings->api.jwt_secret, err))
        return false;
    return buffer_append_byte(key, '\0') || buffer_error(key, err);
}

static bool tell_command(const struct service *service, const struct settings *settings,
                         struct error *err)
{
    SCOPED(buffer) struct buffer key = buffer_capped(TOKEN_MAX);

    if (!make_key(settings, service->env.clock.now_ns(service->env.clock.ctx), &key, err))
        return false;
    return (setenv("HYPEMAN_BASE_URL", service->url, true) == 0 &&
            setenv("TEST_API_BASE_URL", service->url, true) == 0 &&
            setenv("HYPEMAN_API_KEY", key.data, true) == 0) ||
           error_set(err, ERROR_NO_MEMORY, "out of memory");
}

/* Serves until the command or our parent ends. */
static bool serve_meanwhile(struct run *run, struct service *service, int parent_fd,
                            struct error *err)
{
    const struct serve_source sources[] = {
        { run->signal_fd, pass_signals_on, run },
        { run->child.fd, end_with_command, run },
        { parent_fd, end_with_parent, NULL },
    };
    return serve(service->server, &service->log, sources, ARRAY_LEN(sources), err);
}

static int fail(const struct error *err)
{
    (void)fprintf(stderr, "%s: %s\n", program.name, err->message);
    switch (err->code) {
    case ERROR_NOT_FOUND:
        return CHILD_STATUS_NOT_FOUND;
    case ERROR_NOT_SUPPORTED:
        return CHILD_STATUS_NOT_RUNNABLE;
    default:
        return EXIT_FAILED;
    }
}

static int run_with(struct run *run, const struct settings *settings, char *const *command,
                    int parent_fd)
{
    SCOPED(service) struct service service = { 0 };
    struct error err = { 0 };

    if (!service_open(&service, settings, &err) || !tell_command(&service, settings, &err) ||
        !child_start(&run->child, command, &run->inherited, &err))
        return fail(&err);
    const bool served = serve_meanwhile(run, &service, parent_fd, &err);
    if (run->ended)
        return child_wait(&run->child);
    child_stop(&run->child, PATIENCE_MS);
    return served ? EXIT_FAILED : fail(&err);
}

static bool check_operands(const struct options *options, struct error *err)
{
    return options->operands[0] != NULL ||
           error_set(err, ERROR_INVALID_ARGUMENT, "say what to run: -- %s", program.operands);
}

int run_command(int argc, char *const *argv)
{
    static const int passed_on[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT, 0 };
    struct run run = { .child.fd = -1 };
    struct options options;
    SCOPED(settings) struct settings settings = { 0 };
    SCOPED(fd) int signal_fd = -1;
    SCOPED(fd) int parent_fd = -1;
    struct error err = { 0 };

    inherited_note(&run.inherited);
    if (!signals_open(passed_on, &signal_fd, &err))
        return fail(&err);
    run.signal_fd = signal_fd;
    switch (options_parse(&program, argc, argv, &options)) {
    case OPTIONS_RUN:
        break;
    case OPTIONS_EXIT_OK:
        return 0;
    case OPTIONS_EXIT_USAGE:
        return EXIT_USAGE;
    }
    if (!settings_read(&options, &settings, &err) || !check_operands(&options, &err))
        return options_usage(&program, &err);
    if (settings.exit_with_parent && !parent_process_open(&parent_fd, &err))
        return fail(&err);
    return run_with(&run, &settings, options.operands, parent_fd);
}
