/* hypeman-gateway: options -> objects -> run -> shut down in reverse. */
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/env/env.h"
#include "common/program/ready_file.h"
#include "common/program/sibling.h"
#include "gateway/call_command.h"
#include "gateway/certificates.h"
#include "gateway/edition.h"
#include "gateway/operations.h"
#include "gateway/readiness.h"
#include "gateway/rpc/server.h"
#include "gateway/settings.h"
#include "gateway/upstream/curl_upstream.h"

enum {
    EXIT_USAGE = 2,
    CONNECT_TIMEOUT_MS = 1000,
    UPSTREAM_IDLE_MS = 30000, /* below the 60 s and more that servers commonly keep a connection */
};

/* Everything main owns, in the order it is made. */
struct gateway {
    struct options command_line;
    struct settings settings; /* those of the start, some of which hold for ever */
    char address[300];        /* "127.0.0.1:50051", "unix:/run/gateway.sock"     */
    int ready_fd;             /* -1 for none                                     */
    struct sibling mock;
    const char *upstream_url;
    struct edition *edition;       /* in force         */
    struct tls_identity *identity; /* NULL: plain text */
    struct curl_upstream *upstreams[RPC_MAX_WORKERS];
    struct upstream *interfaces[RPC_MAX_WORKERS];
    struct rpc_server *server;
    struct readiness readiness;
    struct operations operations;
};

static bool read_ready_fd(struct gateway *g, struct error *err)
{
    const struct options *o = &g->settings.options;
    int64_t fd = -1;
    if (options_text(o, "ready-fd") != NULL && !options_i64(o, "ready-fd", 0, INT32_MAX, &fd, err))
        return false;
    g->ready_fd = (int)fd;
    /* A mock of ours must not hold it open. */
    if (fd >= 0 && fcntl(g->ready_fd, F_SETFD, FD_CLOEXEC) != 0)
        return options_complain(o, "ready-fd", err, "is no open descriptor: %d", g->ready_fd);
    return true;
}

static void write_address(struct gateway *g, unsigned port)
{
    const struct listen_address *listen = &g->settings.listen;
    const bool is_v6 = strchr(listen->host, ':') != NULL;
    if (listen->path != NULL)
        (void)snprintf(g->address, sizeof g->address, "unix:%s", listen->path);
    else
        (void)snprintf(g->address, sizeof g->address, "%s%s%s:%u", is_v6 ? "[" : "", listen->host,
                       is_v6 ? "]" : "", port);
}

static bool read_options(struct gateway *g, struct error *err)
{
    if (!settings_read(&g->command_line, &g->settings, err) || !read_ready_fd(g, err))
        return false;
    write_address(g, g->settings.listen.port);
    return true;
}

static void warn_if_public(const struct gateway *g)
{
    if (g->identity == NULL && !listen_address_is_local(&g->settings.listen))
        (void)fprintf(stderr,
                      "hypeman-gateway: warning: serving plain text on %s, beyond this machine; "
                      "use --tls-cert and --tls-key, or put a proxy with TLS in front\n",
                      g->address);
}

static bool start_upstreams(struct gateway *g, struct error *err)
{
    const char *ca_file = options_text(&g->settings.options, "upstream-ca");
    if (ca_file != NULL && access(ca_file, R_OK) != 0) /* curl would say so once per call */
        return error_set(err, ERROR_INVALID_ARGUMENT, "--upstream-ca: cannot read %s: %s", ca_file,
                         strerror(errno));
    const struct curl_upstream_config config = { .base_url = g->upstream_url,
                                                 .ca_file = ca_file,
                                                 .connect_timeout_ms = CONNECT_TIMEOUT_MS,
                                                 .max_idle_ms = UPSTREAM_IDLE_MS,
                                                 .max_connections = g->operations.limits.pool };
    for (size_t i = 0; i < g->settings.worker_count; i++) {
        if (!curl_upstream_new(&config, &g->upstreams[i], err))
            return error_prefix(err, "--upstream: ");
        g->interfaces[i] = curl_upstream_interface(g->upstreams[i]);
    }
    return true;
}

static bool start_server(struct gateway *g, struct error *err)
{
    const struct rpc_server_config config = {
        .address = g->address,
        .tls = g->identity,
        .health = g->readiness.health,
        .upstreams = g->interfaces,
        .worker_count = g->settings.worker_count,
        .log_fd = STDERR_FILENO,
    };
    g->edition->rpc.max_inflight = g->operations.limits.max_inflight;
    return rpc_server_new(&config, &g->edition->rpc, &g->server, err);
}

/* With no --upstream one command gives a working pair. The mock's own settings come from
 * HYPEMAN_MOCK_... variables. */
static bool start_mock(struct gateway *g, struct error *err)
{
    const char *const args[] = { "--listen", "127.0.0.1:0", "--log",
                                 log_form_names[g->settings.log_form], NULL };

    return sibling_start(&g->mock, "hypeman-mock", args, err) ||
           error_prefix(err, "no --upstream http://HOST:PORT is given, and ");
}

static bool start(struct gateway *g, struct error *err)
{
    const struct settings *s = &g->settings;
    g->upstream_url = options_text(&s->options, "upstream");
    if (!certificates_load(&s->options, &g->identity, err) ||
        !edition_new(&g->command_line, &g->edition, err))
        return false;
    if (g->upstream_url == NULL) {
        if (!start_mock(g, err))
            return false;
        g->upstream_url = g->mock.url;
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    g->operations.view.is_upstream_ready = readiness_has_upstream;
    g->operations.view.upstream_context = &g->readiness;
    return operations_fit_limits(&g->operations, &s->operations, s->worker_count, err) &&
           start_upstreams(g, err) && readiness_init(&g->readiness, err) && start_server(g, err) &&
           readiness_start(&g->readiness, &g->edition->settings.readiness, g->interfaces[0], err) &&
           operations_start(&g->operations, g->server, &s->listen, err);
}

/* "grpc://127.0.0.1:50051", "grpcs://..." with TLS; a path as gRPC clients write it. */
static bool announce(struct gateway *g, struct error *err)
{
    char grpc_url[320];
    const char *path = options_text(&g->settings.options, "ready-file");
    write_address(g, (unsigned)rpc_server_port(g->server));
    warn_if_public(g);
    (void)snprintf(grpc_url, sizeof grpc_url, "%s%s",
                   g->settings.listen.path != NULL ? ""
                   : g->identity != NULL           ? "grpcs://"
                                                   : "grpc://",
                   g->address);
    if (g->settings.log_form != LOG_FORM_OFF)
        (void)fprintf(stderr, "hypeman-gateway " TESTKIT_VERSION " serving %s, upstream %s\n",
                      grpc_url, g->upstream_url);
    const char *urls[3] = { grpc_url };
    size_t count = 1;
    if (g->operations.admin_url[0] != '\0')
        urls[count++] = g->operations.admin_url;
    urls[count++] = g->upstream_url;
    const struct ready ready = { gateway_program.name, urls, count };
    if (path != NULL && !ready_file_write(path, &ready, err))
        return false;
    if (g->ready_fd < 0)
        return true;
    bool written = ready_write_fd(g->ready_fd, &ready, err);
    close(g->ready_fd);
    return written;
}

static void block_signals(sigset_t *waited)
{
    sigemptyset(waited);
    sigaddset(waited, SIGTERM);
    sigaddset(waited, SIGINT);
    sigaddset(waited, SIGCHLD);
    sigaddset(waited, SIGHUP);
    sigprocmask(SIG_BLOCK, waited, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
}

/* Of a gateway that has some; from plain text to TLS, or back, is another gateway. */
static bool reload_certificates(struct gateway *g, const struct edition *next, struct error *err)
{
    const struct options *o = &next->settings.options;
    return g->identity == NULL || options_text(o, "tls-cert") == NULL ||
           certificates_load(o, &g->identity, err);
}

/* Nothing in here fails but a probe's thread. */
static void put_in_force(struct gateway *g, struct edition *next)
{
    struct error err = { 0 };
    struct edition *former = g->edition;
    next->rpc.max_inflight = operations_change(&g->operations, &next->settings.operations);
    rpc_server_publish(g->server, &next->rpc);
    g->edition = next;
    if (!readiness_start(&g->readiness, &next->settings.readiness, g->interfaces[0], &err))
        (void)fprintf(stderr, "hypeman-gateway: nothing probes the upstream any more: %s\n",
                      err.message);
    edition_release(former);
}

/* On SIGHUP: all of it or nothing, whose reason is told. */
static void reload(struct gateway *g)
{
    struct error err = { 0 };
    struct edition *next = NULL;
    if (!edition_new(&g->command_line, &next, &err) ||
        !rpc_server_prepare(g->server, &next->rpc, &err) || !reload_certificates(g, next, &err)) {
        edition_release(next);
        atomic_fetch_add(&g->operations.view.failed_reloads, 1);
        (void)fprintf(stderr, "hypeman-gateway: not reloaded: %s\n", err.message);
        return;
    }
    put_in_force(g, next);
    atomic_fetch_add(&g->operations.view.reloads, 1);
    SCOPED(buffer) struct buffer fixed = buffer_capped(4096);
    settings_append_fixed(&g->settings, &next->settings, &fixed);
    (void)fprintf(stderr, "hypeman-gateway: reloaded" TEXT_FMT "\n",
                  TEXT_ARGS(buffer_text(&fixed)));
}

/* Until told to stop; false when the mock died under us. */
static bool serve(struct gateway *g, const sigset_t *waited)
{
    for (;;) {
        int number = 0;
        sigwait(waited, &number);
        if (number == SIGHUP) {
            reload(g);
            continue;
        }
        if (number != SIGCHLD)
            return true;
        if (g->mock.pid > 0 && waitpid(g->mock.pid, NULL, WNOHANG) == g->mock.pid) {
            g->mock.pid = 0;
            (void)fprintf(stderr, "hypeman-gateway: the hypeman-mock I started has ended\n");
            return false;
        }
    }
}

static void stop(struct gateway *g)
{
    if (g->server != NULL) {
        readiness_drain(&g->readiness);
        operations_drain(&g->operations, g->server);
    }
    readiness_stop(&g->readiness);
    /* A reply is started from its upstream's thread, which may still be on its way out of C-core
     * when the call is over; so these threads are joined before C-core goes. */
    for (size_t i = 0; i < g->settings.worker_count; i++)
        curl_upstream_free(g->upstreams[i]);
    operations_fini(&g->operations);
    rpc_server_free(g->server);
    readiness_fini(&g->readiness);
    tls_identity_free(g->identity);
    edition_release(g->edition);
    settings_fini(&g->settings);
    sibling_stop(&g->mock);
    curl_global_cleanup();
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "call") == 0)
        return call_command(argc - 1, argv + 1);

    static struct gateway gateway;
    struct error err = { 0 };
    sigset_t waited;
    enum options_outcome outcome =
        options_parse(&gateway_program, argc, argv, &gateway.command_line);
    if (outcome != OPTIONS_RUN)
        return outcome == OPTIONS_EXIT_OK ? EXIT_SUCCESS : EXIT_USAGE;
    if (!read_options(&gateway, &err))
        return options_usage(&gateway_program, &err);
    block_signals(&waited); /* before any thread, so all inherit it */

    bool ok = start(&gateway, &err) && announce(&gateway, &err);
    if (!ok)
        (void)fprintf(stderr, "hypeman-gateway: %s\n", err.message);
    ok = ok && serve(&gateway, &waited) && !operations_is_deaf(&gateway.operations);
    stop(&gateway);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
