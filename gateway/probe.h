/* Asks the upstream again and again whether it is well, on a thread of its own. */
#ifndef TESTKIT_GATEWAY_PROBE_H
#define TESTKIT_GATEWAY_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "gateway/proxy/upstream.h"

struct probe_config {
    struct upstream *upstream;
    const char *path;          /* GET; well is what answers 2xx                               */
    const char *authorization; /* of the request; NULL = none                                 */
    int64_t period_ms;         /* from one request to the next, > 0. It is also how long one may
                                  take, but for PROBE_MIN_PATIENCE_MS                         */
    int64_t failures;          /* so many in a row mean that the upstream is down, > 0        */
    /* Told on the probe's thread: once it knows, then at each change.
     * why  one sentence, when it is down */
    void (*changed)(void *context, bool is_up, const char *why);
    void *context;
};

/* A machine under load should not make a short period look like a dead upstream. */
enum { PROBE_MIN_PATIENCE_MS = 1000 };

struct probe;

/* True when that path can be asked for: "/health". */
bool probe_is_path(const char *path);

/* The first request goes out at once. Texts and upstream are borrowed, they outlive the probe.
 * Owned: probe_free().
 * Fails  NO_MEMORY, RESOURCE_EXHAUSTED (no thread can be had) */
MUST_USE bool probe_new(const struct probe_config *config, struct probe **out, struct error *err);

/* Cancels the request in flight and joins the thread; nobody is told any more. Before the upstream
 * is freed. */
void probe_free(struct probe *probe);

#endif
