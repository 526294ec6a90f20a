/* What a test wants of the transitions of an instance: that they are held, fail, or take their own
 * time. Pure; how they are asked for: transition_control.h. */
#ifndef TESTKIT_MOCK_DOMAIN_TRANSITION_PLAN_H
#define TESTKIT_MOCK_DOMAIN_TRANSITION_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/scope.h"
#include "common/base/text.h"

enum transition {
    TRANSITION_BOOT,        /* from Initializing to Running                                      */
    TRANSITION_STANDBY,     /* by a request, or by its auto-standby policy                       */
    TRANSITION_RESTORE,     /* by a request: from standby, or of a snapshot                      */
    TRANSITION_STOP,        /* by a request                                                      */
    TRANSITION_COMPRESSION, /* of snapshots that will be taken of it                             */
    TRANSITION_SCHEDULE,    /* a run of its snapshot schedule                                    */
    TRANSITION_COUNT,
};
const char *transition_name(enum transition transition); /* "boot", "standby" ... */
MUST_USE bool transition_parse(struct text name, enum transition *out);

enum transition_failure {
    TRANSITION_SUCCEEDS,
    TRANSITION_FAILS_ONCE, /* the next one */
    TRANSITION_FAILS,      /* each         */
    TRANSITION_FAILURE_COUNT,
};
const char *transition_failure_name(enum transition_failure failure); /* "never", "once" ... */

/* All zero: as the world has it. */
struct transition_wish {
    bool held;       /* none goes on by itself ...                                       */
    uint32_t passes; /* ... but for the next so many: STANDBY, RESTORE, STOP              */
    enum transition_failure failure; /* of those that go on                              */
    bool has_delay;                  /* BOOT, COMPRESSION: */
    int64_t delay_ns;                /* how long it takes                                */
};

struct transition_plan {
    struct transition_wish of[TRANSITION_COUNT];
};

#endif
