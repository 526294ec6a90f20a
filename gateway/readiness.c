#include "gateway/readiness.h"

#include <stdio.h>
#include <string.h>

#include "common/env/env.h"

bool readiness_read(const struct options *o, struct readiness_settings *out, struct error *err)
{
    const char *path = options_text(o, "probe");
    if (!options_duration(o, "probe-period", &out->period_ns, err) ||
        !options_i64(o, "probe-failures", 1, 1000, &out->failures, err))
        return false;
    if (out->period_ns < 10 * NS_PER_MS || out->period_ns > 3600 * NS_PER_SEC)
        return options_complain(o, "probe-period", err, "must be from 10ms to 1h");
    if (path == NULL) /* a mock of ours needs none: when it ends, so do we */
        path = options_text(o, "upstream") == NULL ? "off" : "/health";
    if (strcmp(path, "off") == 0)
        return true;
    if (!probe_is_path(path))
        return options_complain(o, "probe", err, "must be a path such as /health, or off: %s",
                                path);
    out->path = path;
    return true;
}

bool readiness_init(struct readiness *r, struct error *err)
{
    return health_service_new(&r->health, err);
}

static void set_upstream(struct readiness *r, bool is_up)
{
    atomic_store(&r->is_upstream_up, is_up);
    health_service_set_upstream(r->health, is_up);
}

static void on_probed(void *context, bool is_up, const char *why)
{
    struct readiness *r = context;
    set_upstream(r, is_up);
    const bool is_quiet = r->settings.is_quiet;
    if (!is_quiet && !is_up)
        (void)fprintf(stderr,
                      "hypeman-gateway: health is NOT_SERVING: the upstream fails its probe, GET "
                      "%s (--probe): %s\n",
                      r->settings.path, why);
    else if (!is_quiet && r->was_down)
        (void)fprintf(stderr, "hypeman-gateway: health is SERVING: the upstream is well again\n");
    r->was_down = !is_up;
}

bool readiness_start(struct readiness *r, const struct readiness_settings *settings,
                     struct upstream *upstream, struct error *err)
{
    readiness_stop(r); /* its thread reads the settings */
    r->settings = *settings;
    if (settings->path == NULL) {
        set_upstream(r, true);
        return true;
    }
    const struct probe_config config = { .upstream = upstream,
                                         .path = settings->path,
                                         .authorization = settings->authorization,
                                         .period_ms = settings->period_ns / NS_PER_MS,
                                         .failures = settings->failures,
                                         .changed = on_probed,
                                         .context = r };
    return probe_new(&config, &r->probe, err);
}

bool readiness_has_upstream(void *context)
{
    const struct readiness *r = context;
    return atomic_load(&r->is_upstream_up);
}

void readiness_drain(struct readiness *r)
{
    health_service_drain(r->health);
}

void readiness_stop(struct readiness *r)
{
    probe_free(r->probe);
    r->probe = NULL;
}

void readiness_fini(struct readiness *r)
{
    health_service_free(r->health);
}
