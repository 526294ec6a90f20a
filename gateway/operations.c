#include "gateway/operations.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/env/env.h"
#include "common/program/listener.h"
#include "gateway/rpc/accept_guard.h"

enum {
    DEFAULT_CONNECTIONS = 10000,
    /* Without --max-connections fewer than this are worth a warning. */
    DEFAULT_MIN_CONNECTIONS = 256,
    /* Whoever is not heard must be started again soon; so its calls get less time. */
    DEAF_DRAIN_MS = 3000,
};

/* ---- Options ------------------------------------------------------------------------------- */

static bool read_limits(const struct options *o, struct operations_settings *out, struct error *err)
{
    int64_t inflight = 0;
    int64_t connections = DEFAULT_CONNECTIONS;
    const bool is_given = options_text(o, "max-connections") != NULL;
    if (!options_i64(o, "max-inflight", 1, 1000000, &inflight, err) ||
        (is_given && !options_i64(o, "max-connections", 1, 1000000, &connections, err)))
        return false;
    out->max_inflight = (size_t)inflight;
    out->max_connections = (size_t)connections;
    out->min_connections = is_given ? (size_t)connections : DEFAULT_MIN_CONNECTIONS;
    return true;
}

bool operations_read(const struct options *o, struct operations_settings *out, struct error *err)
{
    out->has_admin = options_text(o, "admin") != NULL;
    return read_limits(o, out, err) &&
           (!out->has_admin || options_listen(o, "admin", &out->admin, err)) &&
           options_duration(o, "drain-delay", &out->drain_delay_ns, err) &&
           options_duration(o, "drain-timeout", &out->drain_timeout_ns, err);
}

/* ---- Limits -------------------------------------------------------------------------------- */

static size_t raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 1024;
    if (limit.rlim_cur < limit.rlim_max) {
        const rlim_t before = limit.rlim_cur;
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
            limit.rlim_cur = before;
    }
    return limit.rlim_cur < INT32_MAX ? (size_t)limit.rlim_cur : INT32_MAX;
}

/* Enough for a worker's share of the calls to find a connection. */
static size_t wished_pool(size_t max_inflight, size_t workers)
{
    enum { FEWEST = 16, MOST = 512 };
    const size_t share = max_inflight / workers;
    return share < FEWEST ? FEWEST : share > MOST ? MOST : share;
}

bool operations_fit_limits(struct operations *ops, const struct operations_settings *settings,
                           size_t workers, struct error *err)
{
    struct limits *limits = &ops->limits;
    ops->settings = *settings;
    *limits = (struct limits){ .descriptors = raise_descriptors(),
                               .workers = workers,
                               .max_inflight = settings->max_inflight,
                               .pool = wished_pool(settings->max_inflight, workers),
                               .max_connections = settings->max_connections };
    struct limits wished = *limits;
    wished.max_connections = settings->min_connections;
    switch (limits_fit(limits, settings->min_connections)) {
    case LIMITS_FIT:
        break;
    case LIMITS_LOWERED:
        (void)fprintf(stderr,
                      "hypeman-gateway: warning: %zu open files (ulimit -n) are enough for %zu "
                      "calls in flight and %zu connections only; %zu are needed for %zu and %zu\n",
                      limits->descriptors, limits->max_inflight, limits->max_connections,
                      limits_needed(&wished), wished.max_inflight, wished.max_connections);
        break;
    case LIMITS_TOO_FEW:
        return error_set(err, ERROR_RESOURCE_EXHAUSTED,
                         "%zu open files are too few to serve; allow at least %zu with ulimit -n",
                         limits->descriptors, limits_needed(&wished));
    }
    accept_guard_set(limits->max_connections);
    atomic_store(&ops->view.max_inflight, limits->max_inflight);
    return true;
}

size_t operations_change(struct operations *ops, const struct operations_settings *settings)
{
    const size_t most = limits_most_inflight(&ops->limits);
    size_t inflight = settings->max_inflight;
    if (inflight > most) {
        (void)fprintf(stderr,
                      "hypeman-gateway: warning: beside %zu connections, %zu open files (ulimit "
                      "-n) are enough for %zu calls in flight only\n",
                      ops->limits.max_connections, ops->limits.descriptors, most);
        inflight = most;
    }
    ops->limits.max_inflight = inflight;
    atomic_store(&ops->view.max_inflight, inflight);
    ops->settings.drain_delay_ns = settings->drain_delay_ns;
    ops->settings.drain_timeout_ns = settings->drain_timeout_ns;
    return inflight;
}

/* ---- Life ---------------------------------------------------------------------------------- */

static bool start_admin(struct operations *ops, struct error *err)
{
    struct listener listener;
    if (!listen_address_is_local(&ops->settings.admin))
        (void)fprintf(stderr,
                      "hypeman-gateway: warning: --admin %s shows metrics and connections to "
                      "everyone who reaches it, without TLS or password; 127.0.0.1 is for this "
                      "machine only\n",
                      ops->settings.admin.host);
    if (!listener_open(ops->settings.admin.host, ops->settings.admin.port, "--admin", &listener,
                       err))
        return false;
    (void)snprintf(ops->admin_url, sizeof ops->admin_url, "%s", listener.url);
    accept_guard_exempt(listener.fd);
    const struct admin_server_config config = { .listen_fd = listener.fd,
                                                .pages = admin_pages,
                                                .page_count = admin_page_count,
                                                .context = &ops->view };
    return admin_server_new(&config, &ops->admin_server, err);
}

/* Signals are main's, so it is told by one. */
static void on_dead(void *context)
{
    struct operations *ops = context;
    atomic_store(&ops->is_deaf, true);
    (void)fprintf(stderr,
                  "hypeman-gateway: nobody can connect any more, though I am told to listen; "
                  "ending with status 1, to be started again. If this repeats, allow more open "
                  "files (ulimit -n) or set a lower --max-connections\n");
    (void)kill(getpid(), SIGTERM);
}

bool operations_start(struct operations *ops, struct rpc_server *server,
                      const struct listen_address *listen, struct error *err)
{
    ops->view.server = server;
    ops->view.max_connections = ops->limits.max_connections;
    return (!ops->settings.has_admin || start_admin(ops, err)) &&
           watchdog_new(listen->host, (uint16_t)rpc_server_port(server), listen->path, on_dead, ops,
                        &ops->watchdog, err);
}

bool operations_is_deaf(const struct operations *ops)
{
    return atomic_load(&ops->is_deaf);
}

/* Until another signal says that it is urgent. */
static void wait_for_signal(int64_t limit_ns)
{
    const struct timespec limit = { limit_ns / NS_PER_SEC, limit_ns % NS_PER_SEC };
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    while (sigtimedwait(&signals, NULL, &limit) < 0 && errno == EINTR)
        continue;
}

void operations_drain(struct operations *ops, struct rpc_server *server)
{
    const bool is_deaf = operations_is_deaf(ops);
    int64_t limit_ms = ops->settings.drain_timeout_ns / NS_PER_MS;
    if (is_deaf && limit_ms > DEAF_DRAIN_MS)
        limit_ms = DEAF_DRAIN_MS;
    atomic_store(&ops->view.is_draining, true);
    if (!is_deaf && ops->settings.drain_delay_ns > 0)
        wait_for_signal(ops->settings.drain_delay_ns);
    watchdog_free(ops->watchdog);
    ops->watchdog = NULL;
    if (!rpc_server_drain(server, limit_ms))
        (void)fprintf(stderr, "hypeman-gateway: cancelled the calls still running after %lld ms\n",
                      (long long)limit_ms);
}

void operations_fini(struct operations *ops)
{
    watchdog_free(ops->watchdog);
    admin_server_free(ops->admin_server);
}
