/* One scenario by both ways at once: in twin worlds of a mock that begin alike, by REST in one and
 * by gRPC in the other. Their answers must say the same, and the worlds be alike at the end. */
#ifndef TESTKIT_CONFORMANCE_RPC_TWINS_H
#define TESTKIT_CONFORMANCE_RPC_TWINS_H

#include "conformance/rpc/api.h"
#include "conformance/suite/play.h"

/* by      of REST and of gRPC; via and twin are set here
 * result  as result_new made it, with the exchanges by REST. PASS when nothing differs, also where
 *         both stopped at the same step: the clocks stand, and what the scenario expects is judged
 *         elsewhere. FAIL with what differs (expected: by REST, got: by gRPC). Otherwise what
 *         became of the twin that came to no end
 *
 * Returns false when the target could not be reached, as play() does. */
MUST_USE bool twins_play(const struct scenario *scenario, const struct stage by[static 2],
                         const struct rpc_api *api, struct result *result);

#endif
