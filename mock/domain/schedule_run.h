/* What schedules do: captures and their clean-up at polls that come every minute (snapshots.md
 * section 11). One of the world's sources of events (world_events.c); for the domain's own files.
 *
 * A poll runs what is due by then, one schedule after another in ascending order of instance id
 * (SCHED-T-003), at its own moment whenever it is carried out, so that runs do not depend on who
 * looks when. Capture, clean-up and what the schedule says of it are one change: a run happens
 * whole or not at all, and a clean-up never fails alone (SCHED-T-017). */
#ifndef TESTKIT_MOCK_DOMAIN_SCHEDULE_RUN_H
#define TESTKIT_MOCK_DOMAIN_SCHEDULE_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "mock/domain/world.h"

/* The next poll that finds something due, one minute after the world's start at the earliest
 * (SCHED-T-001); INT64_MAX for never. Costs nothing for the polls between. */
int64_t schedule_run_next_ns(const struct world *world);

/* The poll at the world's moment. False when memory lacks: the run it lacked for changed nothing,
 * and it and those after it are still due. */
MUST_USE bool schedule_run_due(struct world *world);

/* The run that is due and held by a test, now.
 * instance_id  full; may point into the record itself
 * Fails        INVALID_STATE  no run of a schedule is held
 *              NO_MEMORY */
MUST_USE bool schedule_run_held(struct world *world, struct text instance_id, struct error *err);

#endif
