#include "gateway/admin_pages.h"

#include "gateway/metrics/metrics.h"
#include "gateway/metrics/process_stats.h"
#include "gateway/rpc/accept_guard.h"
#include "gateway/rpc/channelz.h"

enum { OK = 200, NOT_FOUND = 404, UNAVAILABLE = 503 };

static void write_server(const struct admin_view *view, struct buffer *out)
{
    const struct accept_counts connections = accept_guard_counts();
    const struct {
        const char *name;
        enum metrics_type type;
        const char *help;
        double value;
    } values[] = {
        { "hypeman_gateway_connections", METRICS_GAUGE, "Open connections of clients.",
          (double)connections.open },
        { "hypeman_gateway_connections_accepted_total", METRICS_COUNTER, "Connections accepted.",
          (double)connections.accepted },
        { "hypeman_gateway_connections_refused_total", METRICS_COUNTER,
          "Connections closed at once: too many, or no descriptor left.",
          (double)connections.refused },
        { "hypeman_gateway_connections_max", METRICS_GAUGE, "Connections there may be.",
          (double)view->max_connections },
        { "hypeman_gateway_in_flight_max", METRICS_GAUGE, "Calls in flight there may be.",
          (double)atomic_load(&view->max_inflight) },
        { "hypeman_gateway_draining", METRICS_GAUGE, "1 once the gateway was told to end.",
          atomic_load(&view->is_draining) ? 1 : 0 },
        { "hypeman_gateway_reloads_total", METRICS_COUNTER, "Reloads that took effect.",
          (double)atomic_load(&view->reloads) },
        { "hypeman_gateway_reloads_failed_total", METRICS_COUNTER,
          "Reloads that changed nothing, since something could not be used.",
          (double)atomic_load(&view->failed_reloads) },
        { "hypeman_gateway_log_lines_lost_total", METRICS_COUNTER,
          "Lines of the access log that nobody read in time.",
          (double)rpc_server_lost_lines(view->server) },
    };
    for (size_t i = 0; i < ARRAY_LEN(values); i++)
        metrics_write_value(out, values[i].name, values[i].type, values[i].help, values[i].value);
    buffer_append_cstr(out, "# HELP hypeman_gateway_build_info The version that runs.\n"
                            "# TYPE hypeman_gateway_build_info gauge\n"
                            "hypeman_gateway_build_info{version=\"" TESTKIT_VERSION "\"} 1\n");
}

static int write_metrics(void *context, struct text rest, struct buffer *out)
{
    const struct admin_view *view = context;
    (void)rest;
    metrics_write(rpc_server_metrics(view->server), out);
    write_server(view, out);
    process_stats_write(out);
    return OK;
}

static int write_health(void *context, struct text rest, struct buffer *out)
{
    (void)context;
    (void)rest;
    buffer_append_cstr(out, "alive\n");
    return OK;
}

static int write_readiness(void *context, struct text rest, struct buffer *out)
{
    const struct admin_view *view = context;
    (void)rest;
    if (atomic_load(&view->is_draining)) {
        buffer_append_cstr(out, "draining\n");
        return UNAVAILABLE;
    }
    if (view->is_upstream_ready != NULL && !view->is_upstream_ready(view->upstream_context)) {
        buffer_append_cstr(out, "the upstream does not answer\n");
        return UNAVAILABLE;
    }
    buffer_append_cstr(out, "ready\n");
    return OK;
}

static int write_channelz(void *context, struct text rest, struct buffer *out)
{
    (void)context;
    if (channelz_write(rest, out))
        return OK;
    buffer_append_cstr(out, "{\"error\":\"no such thing\",\"paths\":[\"servers\",\"servers/ID\","
                            "\"servers/ID/sockets\",\"servers/ID/sockets/FIRST\","
                            "\"sockets/ID\"]}\n");
    return NOT_FOUND;
}

const struct admin_page admin_pages[] = {
    { "/metrics", "text/plain; version=0.0.4; charset=utf-8", write_metrics },
    { "/healthz", "text/plain; charset=utf-8", write_health },
    { "/readyz", "text/plain; charset=utf-8", write_readiness },
    { "/channelz/", "application/json", write_channelz },
};
const size_t admin_page_count = ARRAY_LEN(admin_pages);
