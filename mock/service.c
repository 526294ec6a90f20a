#include "mock/service.h"

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/program/listener.h"
#include "common/program/ready_file.h"

/* As many connections as the system gives descriptors for, less our own. */
static unsigned connection_limit(void)
{
    enum { OWN_DESCRIPTORS = 32, FEWEST = 64, MOST = 16384 };
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return 512;
    files.rlim_cur = files.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &files);
    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur <= FEWEST)
        return OWN_DESCRIPTORS;
    const rlim_t limit = files.rlim_cur - OWN_DESCRIPTORS;
    return limit > MOST ? MOST : (unsigned)limit;
}

static bool announce(const struct settings *settings, const char *url, struct error *err)
{
    static const char name[] = "hypeman-mock";
    const struct ready ready = { .program = name, .urls = &url, .url_count = 1 };

    if (settings->log != LOG_FORM_OFF)
        fprintf(stderr, "%s %s listening on %s\n", name, TESTKIT_VERSION, url);
    if (settings->ready_file != NULL && !ready_file_write(settings->ready_file, &ready, err))
        return false;
    if (settings->ready_fd < 0)
        return true;
    const bool written = ready_write_fd(settings->ready_fd, &ready, err);
    close(settings->ready_fd);
    return written;
}

/* listen_fd  consumed */
static bool make_objects(struct service *s, const struct settings *settings, int listen_fd,
                         struct error *err)
{
    const struct control_settings control = {
        .plan = {
            .env = &s->env,
            .settings = settings->world,
            .api = settings->api,
            .clock_mode = settings->clock,
            .seeded = settings->seeded,
            .seed = settings->seed,
            .journal_bytes = settings->journal_bytes,
        },
        .worlds = {
            .max = settings->max_worlds,
            .ticks = clock_monotonic(),
            .ready = http_server_ready,
        },
        .start = settings->start,
        .enabled = !settings->no_control,
        .token = settings->control_token,
        .world_by_token = settings->world_by_token,
        .token_world_ttl_ns = settings->token_world_ttl_ns,
    };
    if (!control_new(&control, &s->control, err)) {
        close(listen_fd);
        return false;
    }
    const struct http_server_settings http = {
        .listen_fd = listen_fd,
        .control = s->control,
        .log = &s->log,
        .max_body = settings->max_body,
        .max_connections = connection_limit(),
        .stalled_seconds = HTTP_SERVER_STALLED_SECONDS,
        .idle_seconds = HTTP_SERVER_IDLE_SECONDS,
    };
    return http_server_new(&http, &s->server, err);
}

bool service_open(struct service *s, const struct settings *settings, struct error *err)
{
    struct listener listener;

    line_log_init(&s->log, settings->log, STDERR_FILENO);
    s->env = (struct env){
        .clock = clock_system(),
        .rng = rng_system(),
        .mem = mem_libc(),
    };
    if (!listener_open(settings->listen.host, settings->listen.port, "--listen", &listener, err) ||
        !make_objects(s, settings, listener.fd, err))
        return false;
    (void)snprintf(s->url, sizeof s->url, "%s", listener.url);
    return announce(settings, s->url, err);
}

void service_scope_end(struct service *s)
{
    http_server_free(s->server);
    control_free(s->control);
    line_log_fini(&s->log);
}
