/* The ledger of how long an instance spent in each phase (INST-J-040..044). */
#ifndef TESTKIT_MOCK_DOMAIN_PHASE_H
#define TESTKIT_MOCK_DOMAIN_PHASE_H

#include <stdint.h>

enum instance_phase {
    PHASE_CREATED,
    PHASE_INITIALIZING,
    PHASE_RUNNING,
    PHASE_STANDBY,
    PHASE_STOPPED,
    PHASE_COUNT,
};

struct phase_ledger {
    enum instance_phase current;
    int64_t since_ns;              /* UTC; when `current` began               */
    int64_t spent_ns[PHASE_COUNT]; /* finished stays only, `current` excluded */
};

/* "created", "initializing" ... Static text. */
const char *phase_name(enum instance_phase phase);

struct phase_ledger phase_ledger_start(enum instance_phase first, int64_t at_ns);

/* Books the running phase and begins another. A clock that went backwards books nothing. */
void phase_ledger_enter(struct phase_ledger *ledger, enum instance_phase next, int64_t at_ns);

/* Time in `phase` so far, the current one counted up to now_ns. In the answer a phase of less than
 * one whole millisecond is left out (INST-J-041). */
int64_t phase_ledger_spent_ns(const struct phase_ledger *ledger, enum instance_phase phase,
                              int64_t now_ns);

#endif
