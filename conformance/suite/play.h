/* Plays one scenario against a target: sends its steps, compares the answers, tidies up after it.
 *
 * Pure: the wire is a transport, time is a value. One scenario is played by one thread. */
#ifndef TESTKIT_CONFORMANCE_SUITE_PLAY_H
#define TESTKIT_CONFORMANCE_SUITE_PLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conformance/suite/capability.h"
#include "conformance/suite/result.h"
#include "conformance/suite/scenario.h"
#include "conformance/suite/shapes.h"
#include "conformance/suite/transport.h"
#include "conformance/suite/truth.h"

/* A scenario that is played twice, by both ways, in worlds that begin alike: same ids to come, and
 * a clock that stands, but for what the scenario waits for. */
struct twin {
    const char *world;          /* its name                                               */
    int64_t now_ns;             /* what its clock says at first; UTC, since 1970          */
    const struct result *first; /* of the other twin: what was not asked there is not asked here
                                   either; NULL when this is the first */
    struct text *state;         /* out: the world as a document, at the end, in the result's arena;
                                   data NULL when it could not be had */
};

/* What a scenario is played against and with. Everything is borrowed. */
struct stage {
    struct transport transport;
    struct transport control; /* REST, for the control API of a mock */
    enum via via;
    enum truth truth;
    const struct shapes *shapes;
    const struct capabilities *target;
    const char *token;                    /* sent as a bearer token; NULL for none             */
    struct text jwt_secret;               /* of the target, where it is known (CAPABILITY_JWT) */
    const char *image;                    /* that instances are made of                        */
    const struct twin *twin;              /* NULL: it is played alone                          */
    const char *prefix;                   /* of the names of all that is made: "hc3f9a-17"     */
    int64_t deadline_ns;                  /* of one exchange                                  */
    int64_t (*wall_ns)(void *ctx);        /* UTC, since 1970 */
    int64_t (*now_ns)(void *ctx);         /* of a clock that only goes forward     */
    void (*pause)(void *ctx, int64_t ns); /* before asking again; ends early when   */
    bool (*cancelled)(void *ctx);         /* ... the run is being ended             */
    void *ctx;
};

/* Plays it from start to end. What it made is deleted again, also when the run is being ended, and
 * its world with it where the target has worlds.
 * result  as result_new made it; its outcome becomes PASS, FAIL, NOT_TESTABLE, NOT_RUN or ERROR
 * Returns false when the target could not be reached: the result is NOT_RUN */
MUST_USE bool play(const struct scenario *scenario, const struct stage *stage,
                   struct result *result);

#endif
