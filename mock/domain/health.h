/* What an instance's health check has found: instances.md 17.
 *
 * Nothing probes; what probes would have found is worked out for the moment asked about. The first
 * begins as soon as the policy is in force and the instance Running, then one every interval
 * (INST-HC-007). Each takes HEALTH_PROBE_LATENCY_NS and succeeds, unless a test has it fail. */
#ifndef TESTKIT_MOCK_DOMAIN_HEALTH_H
#define TESTKIT_MOCK_DOMAIN_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "common/env/env.h"
#include "mock/domain/instance.h"
#include "mock/domain/world.h"

#define HEALTH_PROBE_LATENCY_NS (10 * NS_PER_MS)

/* INST-HC-002 to INST-HC-006.
 * instance  settled (instance_record.h) */
struct health health_at(const struct instance *instance, int64_t now_ns);

/* Why the latest probe failed, as its type puts it; for an answer with failures. */
struct health_error_text {
    char text[512 + 1]; /* cut to 512 bytes (INST-HC-006); NUL-terminated */
};
struct health_error_text health_error_text(const struct instance *instance);

/* When a failing probe finds an instance unhealthy, or still so, for the first time; INT64_MAX for
 * never, and while probes succeed. Pure: nothing but the record counts.
 * instance  Initializing or Running, settled or not */
int64_t health_unhealthy_ns(const struct instance *instance);

/* From now on probes of the instance fail, or succeed again: those that end later. In any state,
 * with or without a policy, until it is called again.
 * id       full id
 * Fails    NOT_FOUND  instance not found
 *          NO_MEMORY  nothing has changed */
MUST_USE bool health_set_failing(struct world *world, struct text id, bool failing,
                                 struct error *err);

#endif
