/* Whether the gateway can do its work: the upstream's probe, and the health service that tells of
 * it. */
#ifndef TESTKIT_GATEWAY_READINESS_H
#define TESTKIT_GATEWAY_READINESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/program/options.h"
#include "gateway/probe.h"
#include "gateway/rpc/health_service.h"

struct readiness_settings {
    const char *path; /* NULL = the upstream is not probed and counts as well */
    int64_t period_ns;
    int64_t failures;
    const char *authorization; /* of the probe; NULL = none                      */
    bool is_quiet;             /* changes are not told on standard error         */
};

/* In the caller's memory, zero at first; stays where it is. */
struct readiness {
    struct readiness_settings settings; /* in force */
    struct health_service *health;
    struct probe *probe;
    atomic_bool is_upstream_up;
    bool was_down; /* by the probe's last word; its thread's */
};

#define READINESS_OPTIONS                                                                          \
    { "probe", "PATH", NULL,                                                                       \
      "asked of the upstream for the health service; default /health, off: it counts as well" },   \
        { "probe-period", "DURATION", "1s", "from one probe to the next" },                        \
    {                                                                                              \
        "probe-failures", "N", "2", "so many failed probes in a row mean NOT_SERVING"              \
    }

/* Reads these options. Fails INVALID_ARGUMENT. */
MUST_USE bool readiness_read(const struct options *o, struct readiness_settings *out,
                             struct error *err);

/* Makes the health service, for the server to be given. Fails NO_MEMORY. */
MUST_USE bool readiness_init(struct readiness *r, struct error *err);

/* Starts to probe, or to probe in another way: what was known of the upstream holds until the new
 * probe knows. Upstream and texts of the settings are borrowed until readiness_stop or the next
 * start. Fails  NO_MEMORY, RESOURCE_EXHAUSTED; nothing probes then */
MUST_USE bool readiness_start(struct readiness *r, const struct readiness_settings *settings,
                              struct upstream *upstream, struct error *err);

/* By the probe's last word; true without one. context  the readiness. Any thread. */
bool readiness_has_upstream(void *context);

/* Health says NOT_SERVING from now on. */
void readiness_drain(struct readiness *r);

/* Stops to probe: before the upstream goes. */
void readiness_stop(struct readiness *r);
/* After the server has gone. */
void readiness_fini(struct readiness *r);

#endif
