/* One run from start to end: target, probe, plan, play, reports. */
#ifndef TESTKIT_CONFORMANCE_SESSION_H
#define TESTKIT_CONFORMANCE_SESSION_H

#include "common/base/error.h"
#include "common/base/text.h"
#include "conformance/rpc/api.h"
#include "conformance/settings.h"
#include "conformance/suite/catalogue.h"
#include "conformance/suite/scenario.h"
#include "conformance/suite/shapes.h"

/* What was loaded. Everything is borrowed. */
struct library {
    struct text bundle;
    const struct catalogue *catalogue;
    const struct scenario_set *scenarios;
    const struct shapes *shapes;
    const struct rpc_api *api;
};

/* signal_fd  readable: the run is to end
 * status     the exit status of a run that came to its end, in whatever way
 * Fails      INVALID_ARGUMENT  what the user gave is of no use: exit 2
 *            others            the suite is at fault: exit 4 */
MUST_USE bool session_run(const struct settings *settings, const struct library *library,
                          int signal_fd, int *status, struct error *err);

#endif
