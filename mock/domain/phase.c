#include "mock/domain/phase.h"

#include <assert.h>

#include "common/base/scope.h"

static const char *const names[] = {
    [PHASE_CREATED] = "created", [PHASE_INITIALIZING] = "initializing", [PHASE_RUNNING] = "running",
    [PHASE_STANDBY] = "standby", [PHASE_STOPPED] = "stopped",
};
static_assert(ARRAY_LEN(names) == PHASE_COUNT, "one name per phase");

const char *phase_name(enum instance_phase phase)
{
    return names[phase];
}

struct phase_ledger phase_ledger_start(enum instance_phase first, int64_t at_ns)
{
    return (struct phase_ledger){ .current = first, .since_ns = at_ns };
}

static int64_t current_stay_ns(const struct phase_ledger *ledger, int64_t now_ns)
{
    return now_ns > ledger->since_ns ? now_ns - ledger->since_ns : 0;
}

void phase_ledger_enter(struct phase_ledger *ledger, enum instance_phase next, int64_t at_ns)
{
    ledger->spent_ns[ledger->current] += current_stay_ns(ledger, at_ns);
    ledger->current = next;
    ledger->since_ns = at_ns;
}

int64_t phase_ledger_spent_ns(const struct phase_ledger *ledger, enum instance_phase phase,
                              int64_t now_ns)
{
    int64_t spent = ledger->spent_ns[phase];
    return phase == ledger->current ? spent + current_stay_ns(ledger, now_ns) : spent;
}
