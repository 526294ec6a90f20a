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
#include "common/program/options.h"
#include "common/program/read_file.h"
#include "common/program/ready_file.h"
#include "common/program/sibling.h"
#include "gateway/call_command.h"
#include "gateway/certificates.h"
#include "gateway/descriptors.h"
#include "gateway/operations.h"
#include "gateway/readiness.h"
#include "gateway/rpc/server.h"
#include "gateway/upstream/curl_upstream.h"

enum {
    EXIT_USAGE = 2,
    CONNECT_TIMEOUT_MS = 1000,
    UPSTREAM_IDLE_MS = 30000, /* below the 60 s and more that servers commonly keep a connection */
    TOKEN_MAX = 8 << 10,
};

/* The real server ends every request within 60 s (HTTP-008), so this limit is for one that hangs.
 */
#define DEFAULT_TIMEOUT "65s"

static const struct option_spec specs[] = {
    { "listen", "HOST:PORT|unix:PATH", "127.0.0.1:50051",
      "where to serve gRPC; port 0 picks a free one" },
    { "tls-cert", "FILE", NULL, "PEM certificate, then those it is signed with: serve TLS only" },
    { "tls-key", "FILE", NULL, "PEM key of that certificate, without a password" },
    { "tls-client-ca", "FILE", NULL, "PEM certificates: clients must bring one signed by these" },
    { "upstream", "URL", NULL, "the REST server; without it a hypeman-mock is started" },
    { "upstream-ca", "FILE", NULL, "PEM certificates to trust for https; the system's without it" },
    { "upstream-token-file", "FILE", NULL, "bearer token for calls that bring none" },
    { "descriptor-set", "FILE", NULL,
      "serve another API: protoc --include_imports "
      "--descriptor_set_out=FILE" },
    { "forward-metadata", "NAMES", METADATA_FORWARDED_DEFAULT,
      "metadata that goes on to the upstream as headers; +NAMES: these too; none" },
    { "return-headers", "NAMES", METADATA_RETURNED_DEFAULT,
      "headers of the upstream's answer that come back as metadata; likewise" },
    { "timeout", "DURATION", DEFAULT_TIMEOUT, "longest wait for the upstream, per call" },
    READINESS_OPTIONS,
    OPERATIONS_OPTIONS,
    { "gzip-from", "BYTES", "16384",
      "replies of at least so many bytes go compressed to clients that accept it; 0: never" },
    { "workers", "N", NULL, "pairs of threads; default half the processors" },
    { "log", "FORM", "text", "access log on standard error: text, json or off" },
    { "ready-file", "FILE", NULL, "written, whole, once serving: program, version, pid, urls" },
    { "ready-fd", "N", NULL, "the same line to an inherited descriptor, which is then closed" },
    { 0 },
};

static const struct options_program program = {
    .name = "hypeman-gateway",
    .env_prefix = "HYPEMAN_GATEWAY",
    .summary = "The Hypeman API as gRPC: translates each call to REST. Also: hypeman-gateway call "
               "--help.",
    .specs = specs,
};

/* Everything main owns, in the order it is made. */
struct gateway {
    struct options options;
    struct listen_address listen;
    char address[300]; /* "127.0.0.1:50051", "unix:/run/gateway.sock" */
    size_t worker_count;
    int64_t timeout_ns;
    struct metadata_names forwarded;
    struct metadata_names returned;
    int64_t gzip_from;
    size_t log_form;
    int ready_fd; /* -1 for none */
    struct sibling mock;
    const char *upstream_url;
    struct buffer authorization; /* NUL-terminated; empty = none */
    struct descriptors descriptors;
    struct tls_identity *identity; /* NULL: plain text */
    struct curl_upstream *upstreams[RPC_MAX_WORKERS];
    struct upstream *interfaces[RPC_MAX_WORKERS];
    struct rpc_server *server;
    struct readiness readiness;
    struct operations operations;
};

static bool read_ready_fd(struct gateway *g, struct error *err)
{
    int64_t fd = -1;
    if (options_text(&g->options, "ready-fd") != NULL &&
        !options_i64(&g->options, "ready-fd", 0, INT32_MAX, &fd, err))
        return false;
    g->ready_fd = (int)fd;
    /* A mock of ours must not hold it open. */
    if (fd >= 0 && fcntl(g->ready_fd, F_SETFD, FD_CLOEXEC) != 0)
        return options_complain(&g->options, "ready-fd", err, "is no open descriptor: %d",
                                g->ready_fd);
    return true;
}

static void write_address(struct gateway *g, unsigned port)
{
    const bool is_v6 = strchr(g->listen.host, ':') != NULL;
    if (g->listen.path != NULL)
        (void)snprintf(g->address, sizeof g->address, "unix:%s", g->listen.path);
    else
        (void)snprintf(g->address, sizeof g->address, "%s%s%s:%u", is_v6 ? "[" : "", g->listen.host,
                       is_v6 ? "]" : "", port);
}

static bool read_names(const struct options *o, const char *flag, const char *fallback,
                       struct metadata_names *out, struct error *err)
{
    struct error why = { 0 };
    return metadata_names_parse(options_text(o, flag), fallback, out, &why) ||
           options_complain(o, flag, err, "%s", why.message);
}

static bool read_options(struct gateway *g, struct error *err)
{
    const struct options *o = &g->options;
    int64_t workers = sysconf(_SC_NPROCESSORS_ONLN) / 2;
    if (!options_listen_or_path(o, "listen", &g->listen, err) ||
        !certificates_check_flags(o, err) || !options_duration(o, "timeout", &g->timeout_ns, err) ||
        !read_names(o, "forward-metadata", METADATA_FORWARDED_DEFAULT, &g->forwarded, err) ||
        !read_names(o, "return-headers", METADATA_RETURNED_DEFAULT, &g->returned, err) ||
        !options_i64(o, "gzip-from", 0, INT32_MAX, &g->gzip_from, err) ||
        !readiness_read(o, &g->readiness, err) || !operations_read(o, &g->operations, err) ||
        !options_choice(o, "log", log_form_names, &g->log_form, err) || !read_ready_fd(g, err))
        return false;
    if (options_text(o, "workers") != NULL &&
        !options_i64(o, "workers", 1, RPC_MAX_WORKERS, &workers, err))
        return false;
    if (g->timeout_ns < NS_PER_MS)
        return options_complain(o, "timeout", err, "must be at least 1ms");
    g->worker_count = workers < 1                 ? 1
                      : workers > RPC_MAX_WORKERS ? RPC_MAX_WORKERS
                                                  : (size_t)workers;
    write_address(g, g->listen.port);
    return true;
}

/* "Bearer TOKEN" from the file's first line. */
static bool read_token(struct gateway *g, struct error *err)
{
    const char *path = options_text(&g->options, "upstream-token-file");
    if (path == NULL)
        return true;
    SCOPED(buffer) struct buffer file = buffer_capped(0);
    if (!read_file(path, TOKEN_MAX, &file, err))
        return false;
    struct text rest = buffer_text(&file);
    struct text token = text_split(&rest, '\n');
    if (token.len > 0 && token.data[token.len - 1] == '\r')
        token.len--;
    if (token.len == 0)
        return error_set(err, ERROR_INVALID_ARGUMENT, "%s holds no token in its first line", path);
    g->authorization = buffer_capped(TOKEN_MAX + 16);
    buffer_append_cstr(&g->authorization, "Bearer ");
    buffer_append_text(&g->authorization, token);
    buffer_append_byte(&g->authorization, '\0');
    return !g->authorization.failed || error_set(err, ERROR_NO_MEMORY, "no memory for the token");
}

static void warn_if_public(const struct gateway *g)
{
    if (g->identity == NULL && !listen_address_is_local(&g->listen))
        (void)fprintf(stderr,
                      "hypeman-gateway: warning: serving plain text on %s, beyond this machine; "
                      "use --tls-cert and --tls-key, or put a proxy with TLS in front\n",
                      g->address);
}

static bool start_upstreams(struct gateway *g, struct error *err)
{
    const char *ca_file = options_text(&g->options, "upstream-ca");
    if (ca_file != NULL && access(ca_file, R_OK) != 0) /* curl would say so once per call */
        return error_set(err, ERROR_INVALID_ARGUMENT, "--upstream-ca: cannot read %s: %s", ca_file,
                         strerror(errno));
    const struct curl_upstream_config config = { .base_url = g->upstream_url,
                                                 .ca_file = ca_file,
                                                 .connect_timeout_ms = CONNECT_TIMEOUT_MS,
                                                 .max_idle_ms = UPSTREAM_IDLE_MS,
                                                 .max_connections = g->operations.limits.pool };
    for (size_t i = 0; i < g->worker_count; i++) {
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
        .schema = g->descriptors.schema,
        .catalog = g->descriptors.catalog,
        .health = g->readiness.health,
        .proxy = { .timeout_ms = g->timeout_ns / NS_PER_MS,
                   .max_reply_bytes = RPC_MAX_REPLY_BYTES,
                   .upstream_authorization = g->authorization.data,
                   .forwarded = g->forwarded,
                   .returned = g->returned },
        .upstreams = g->interfaces,
        .worker_count = g->worker_count,
        .gzip_from = g->gzip_from == 0 ? SIZE_MAX : (size_t)g->gzip_from,
        .max_inflight = g->operations.limits.max_inflight,
        .log_form = (enum log_form)g->log_form,
        .log_fd = STDERR_FILENO,
    };
    return rpc_server_new(&config, &g->server, err);
}

/* With no --upstream one command gives a working pair. The mock's own settings come from
 * HYPEMAN_MOCK_... variables. */
static bool start_mock(struct gateway *g, struct error *err)
{
    const char *const args[] = { "--listen", "127.0.0.1:0", "--log", log_form_names[g->log_form],
                                 NULL };

    return sibling_start(&g->mock, "hypeman-mock", args, err) ||
           error_prefix(err, "no --upstream http://HOST:PORT is given, and ");
}

static bool start(struct gateway *g, struct error *err)
{
    g->upstream_url = options_text(&g->options, "upstream");
    if (!certificates_load(&g->options, &g->identity, err) || !read_token(g, err) ||
        !descriptors_load(options_text(&g->options, "descriptor-set"), &g->descriptors, err))
        return false;
    if (g->upstream_url == NULL) {
        if (!start_mock(g, err))
            return false;
        g->upstream_url = g->mock.url;
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    g->readiness.is_quiet = g->log_form == LOG_FORM_OFF;
    g->operations.view.is_upstream_ready = readiness_has_upstream;
    g->operations.view.upstream_context = &g->readiness;
    return operations_fit_limits(&g->operations, g->worker_count, err) && start_upstreams(g, err) &&
           readiness_init(&g->readiness, g->descriptors.catalog, err) && start_server(g, err) &&
           readiness_start(&g->readiness, g->interfaces[0], g->authorization.data, err) &&
           operations_start(&g->operations, g->server, &g->listen, err);
}

/* "grpc://127.0.0.1:50051", "grpcs://..." with TLS; a path as gRPC clients write it. */
static bool announce(struct gateway *g, struct error *err)
{
    char grpc_url[320];
    const char *path = options_text(&g->options, "ready-file");
    write_address(g, (unsigned)rpc_server_port(g->server));
    warn_if_public(g);
    (void)snprintf(grpc_url, sizeof grpc_url, "%s%s",
                   g->listen.path != NULL ? ""
                   : g->identity != NULL  ? "grpcs://"
                                          : "grpc://",
                   g->address);
    if (g->log_form != LOG_FORM_OFF)
        (void)fprintf(stderr, "hypeman-gateway " TESTKIT_VERSION " serving %s, upstream %s\n",
                      grpc_url, g->upstream_url);
    const char *urls[3] = { grpc_url };
    size_t count = 1;
    if (g->operations.admin_url[0] != '\0')
        urls[count++] = g->operations.admin_url;
    urls[count++] = g->upstream_url;
    const struct ready ready = { program.name, urls, count };
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

/* On SIGHUP. What cannot be used leaves what is in force as it is. */
static void reload(struct gateway *g)
{
    struct error err = { 0 };
    if (!certificates_load(&g->options, &g->identity, &err))
        (void)fprintf(stderr, "hypeman-gateway: not reloaded: %s\n", err.message);
    else
        (void)fprintf(stderr, "hypeman-gateway: reloaded\n");
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
    for (size_t i = 0; i < g->worker_count; i++)
        curl_upstream_free(g->upstreams[i]);
    operations_fini(&g->operations);
    rpc_server_free(g->server);
    readiness_fini(&g->readiness);
    tls_identity_free(g->identity);
    descriptors_fini(&g->descriptors);
    buffer_fini(&g->authorization);
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
    enum options_outcome outcome = options_parse(&program, argc, argv, &gateway.options);
    if (outcome != OPTIONS_RUN)
        return outcome == OPTIONS_EXIT_OK ? EXIT_SUCCESS : EXIT_USAGE;
    if (!read_options(&gateway, &err))
        return options_usage(&program, &err);
    block_signals(&waited); /* before any thread, so all inherit it */

    bool ok = start(&gateway, &err) && announce(&gateway, &err);
    if (!ok)
        (void)fprintf(stderr, "hypeman-gateway: %s\n", err.message);
    ok = ok && serve(&gateway, &waited) && !operations_is_deaf(&gateway.operations);
    stop(&gateway);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
