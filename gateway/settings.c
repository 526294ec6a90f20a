#include "gateway/settings.h"

#include <string.h>
#include <unistd.h>

#include "common/env/env.h"
#include "common/json/go_duration.h"
#include "gateway/certificates.h"
#include "gateway/rpc/server.h"
#include "gateway/transcode/schema.h"

/* ---- The options --------------------------------------------------------------------------- */

/* The real server ends every request within 60 s (HTTP-008), so this limit is for one that hangs.
 */
#define DEFAULT_TIMEOUT "65s"

static const struct option_spec specs[] = {
    { "config", "FILE", NULL,
      "a JSON object of these options, for what neither flag nor environment gives" },
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
    { "timeout", "DURATION", DEFAULT_TIMEOUT,
      "longest wait for the upstream, but for methods that have a timeout of their own" },
    { "method-timeout", "METHOD=DURATION", NULL,
      "the timeout of package.Service/Method, instead of what its .proto says; may be repeated" },
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

const struct options_program gateway_program = {
    .name = "hypeman-gateway",
    .env_prefix = "HYPEMAN_GATEWAY",
    .summary = "The Hypeman API as gRPC: translates each call to REST. Also: hypeman-gateway call "
               "--help.",
    .specs = specs,
};

/* What a reload puts in force; everything else holds for the life of the process. What a file is
 * called may change, whether there is one may not where the list of exceptions says so. */
static const char *const reloadable[] = {
    "config",
    "tls-cert",
    "tls-key",
    "tls-client-ca",
    "upstream-token-file",
    "descriptor-set",
    "method-timeout",
    "forward-metadata",
    "return-headers",
    "timeout",
    "probe",
    "probe-period",
    "probe-failures",
    "max-inflight",
    "drain-delay",
    "drain-timeout",
    "gzip-from",
    "log",
};
static const char *const present_or_not[] = { "tls-cert", "tls-client-ca" };

static bool is_among(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static bool differs(const struct options *first, const struct options *now, const char *name)
{
    const char *before = options_text(first, name);
    const char *after = options_text(now, name);
    if (is_among(name, present_or_not, ARRAY_LEN(present_or_not)) || before == NULL ||
        after == NULL)
        return (before == NULL) != (after == NULL);
    return strcmp(before, after) != 0;
}

void settings_append_fixed(const struct settings *first, const struct settings *now,
                           struct buffer *names)
{
    for (const struct option_spec *spec = specs; spec->name != NULL; spec++) {
        const bool is_fixed = !is_among(spec->name, reloadable, ARRAY_LEN(reloadable)) ||
                              is_among(spec->name, present_or_not, ARRAY_LEN(present_or_not));
        if (is_fixed && differs(&first->options, &now->options, spec->name))
            buffer_appendf(names, "%s--%s", names->len == 0 ? "; only a restart changes " : ", ",
                           spec->name);
    }
}

/* ---- Reading them -------------------------------------------------------------------------- */

static bool read_names(const struct options *o, const char *flag, const char *fallback,
                       struct metadata_names *out, struct error *err)
{
    struct error why = { 0 };
    return metadata_names_parse(options_text(o, flag), fallback, out, &why) ||
           options_complain(o, flag, err, "%s", why.message);
}

static bool read_timeout(const struct options *o, struct settings *out, struct error *err)
{
    int64_t ns = 0;
    if (!options_duration(o, "timeout", &ns, err))
        return false;
    out->timeout_ms = ns / NS_PER_MS;
    return out->timeout_ms > 0 || options_complain(o, "timeout", err, "must be at least 1ms");
}

/* "package.Service/Method=5s" */
static bool read_method_timeout(const char *given, struct method_timeout *out)
{
    struct error ignored = { 0 };
    struct text rest = text_of(given);
    int64_t ns = 0;
    out->method = text_split(&rest, '=');
    if (out->method.len == 0 || !go_duration_parse(rest, &ns, &ignored))
        return false;
    out->timeout_ms = ns / NS_PER_MS;
    return out->timeout_ms >= METHOD_TIMEOUT_MIN_MS && out->timeout_ms <= METHOD_TIMEOUT_MAX_MS;
}

static bool read_method_timeouts(const struct options *o, struct settings *out, struct error *err)
{
    const char *given = options_nth(o, "method-timeout", 0);
    for (size_t n = 0; given != NULL; given = options_nth(o, "method-timeout", ++n)) {
        if (!read_method_timeout(given, &out->method_timeouts[n]))
            return options_complain(o, "method-timeout", err,
                                    "must be package.Service/Method=DURATION, from 1ms to 24h, not "
                                    "\"%s\"",
                                    given);
        out->method_timeout_count = n + 1;
    }
    return true;
}

static bool read_gzip_from(const struct options *o, struct settings *out, struct error *err)
{
    int64_t bytes = 0;
    if (!options_i64(o, "gzip-from", 0, INT32_MAX, &bytes, err))
        return false;
    out->gzip_from = bytes == 0 ? SIZE_MAX : (size_t)bytes;
    return true;
}

static bool read_log_form(const struct options *o, struct settings *out, struct error *err)
{
    size_t form = 0;
    if (!options_choice(o, "log", log_form_names, &form, err))
        return false;
    out->log_form = (enum log_form)form;
    out->readiness.is_quiet = form == LOG_FORM_OFF;
    return true;
}

static bool read_workers(const struct options *o, struct settings *out, struct error *err)
{
    int64_t workers = sysconf(_SC_NPROCESSORS_ONLN) / 2;
    if (options_text(o, "workers") != NULL &&
        !options_i64(o, "workers", 1, RPC_MAX_WORKERS, &workers, err))
        return false;
    out->worker_count = workers < 1                 ? 1
                        : workers > RPC_MAX_WORKERS ? RPC_MAX_WORKERS
                                                    : (size_t)workers;
    return true;
}

static bool read_all(struct settings *s, struct error *err)
{
    struct options *o = &s->options;
    return options_load_file(o, "config", &s->texts, err) &&
           options_listen_or_path(o, "listen", &s->listen, err) &&
           certificates_check_flags(o, err) && read_timeout(o, s, err) &&
           read_method_timeouts(o, s, err) &&
           read_names(o, "forward-metadata", METADATA_FORWARDED_DEFAULT, &s->forwarded, err) &&
           read_names(o, "return-headers", METADATA_RETURNED_DEFAULT, &s->returned, err) &&
           read_gzip_from(o, s, err) && readiness_read(o, &s->readiness, err) &&
           operations_read(o, &s->operations, err) && read_log_form(o, s, err) &&
           read_workers(o, s, err);
}

bool settings_read(const struct options *command_line, struct settings *out, struct error *err)
{
    enum { TEXTS_MAX = 4 << 20 };
    SCOPED(settings)
    struct settings s = { .options = *command_line, .texts = arena_capped(TEXTS_MAX) };
    if (!read_all(&s, err))
        return false;
    *out = s;
    s.texts = arena_capped(0);
    return true;
}

void settings_fini(struct settings *settings)
{
    arena_fini(&settings->texts);
}

void settings_scope_end(struct settings *settings)
{
    settings_fini(settings);
}
