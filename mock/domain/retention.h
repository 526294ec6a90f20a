/* Which of the snapshots a schedule made go: SCHED-R-002 to SCHED-R-005. For the domain's own
 * files. */
#ifndef TESTKIT_MOCK_DOMAIN_RETENTION_H
#define TESTKIT_MOCK_DOMAIN_RETENTION_H

#include <stddef.h>
#include <stdint.h>

#include "mock/domain/change.h"
#include "mock/domain/schedule.h"

/* Adds to a change the removal of what the schedule's limits say at run_ns, and returns how many of
 * the stored ones stay.
 * just_made  how many snapshots of the schedule the change adds; they stay, and count
 * Lacking memory, it makes the change incomplete. */
size_t retention_apply(struct change *change, const struct schedule *schedule, int64_t run_ns,
                       size_t just_made);

#endif
