/* Plays a plan with several threads.
 *
 * Each worker has a connection of its own and takes the next scenario that nobody has taken. The
 * caller's thread gets the results in the order of the plan, as soon as they and those before them
 * are there; it also takes the signals. Nothing is shared but the plan, which is read only, and the
 * results, each written by one worker and handed over once. */
#ifndef TESTKIT_CONFORMANCE_DRIVE_WORKERS_H
#define TESTKIT_CONFORMANCE_DRIVE_WORKERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "conformance/rpc/api.h"
#include "conformance/suite/plan.h"
#include "conformance/suite/run.h"
#include "conformance/suite/shapes.h"

/* Everything is borrowed. */
struct performance {
    const struct plan *plan;
    const char *addresses[VIA_COUNT]; /* of the target by each way; that of REST is always there */
    const struct rpc_api *api;        /* for VIA_GRPC */
    const char *token;
    struct text jwt_secret; /* see stage */
    const char *image;
    const char *run_id;
    enum truth truth;
    const struct shapes *shapes;
    const struct capabilities *target;
    int64_t deadline_ns; /* of one exchange */
    size_t jobs;
    int signal_fd; /* readable: the run is to end */
    /* Called for each result, in order. Consumes it. */
    void (*on_result)(void *ctx, struct result *result);
    void *ctx;
};

/* Every item of the plan has its result when this returns true; those that the end of the run, or
 * the loss of the target, came before are NOT_RUN.
 * Fails  NO_MEMORY, INTERNAL; some results may have been handed over */
MUST_USE bool perform(const struct performance *performance, enum run_end *end, struct error *err);

#endif
