/* GET, PUT and DELETE /instances/{id}/snapshot-schedule: snapshots.md section 11. What a schedule
 * then does: schedule_run.h. */
#ifndef TESTKIT_MOCK_DOMAIN_SCHEDULES_H
#define TESTKIT_MOCK_DOMAIN_SCHEDULES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "mock/domain/pairs.h"
#include "mock/domain/schedule.h"
#include "mock/domain/world.h"

/* All borrowed for the call; judged by the request validator as far as struct schedule is not (form
 * of the prefix, count and values of the metadata, max_count not negative). */
struct schedule_settings {
    int64_t interval_ns;
    struct text name_prefix;   /* empty: none       */
    struct pair_list metadata; /* sorted            */
    int64_t max_count;         /* 0: no such limit  */
    int64_t max_age_ns;        /* likewise          */
};

/* Gives an instance a schedule or, as a whole, other settings (SCHED-P-024). A known cadence goes
 * on where the interval stays the same, and what past runs left is kept (SCHED-P-021..023).
 * instance_id  full id, of an instance in any state (SCHED-P-002); may point into its record
 * out          borrowed from the world, valid until its next change
 * Fails        in this order; a failed call changes nothing
 *   INVALID_ARGUMENT  "interval"   invalid request: interval must be at least 1m0s
 *   INVALID_ARGUMENT  "tags"       invalid request: invalid tags: ... (SCHED-P-018)
 *   INVALID_ARGUMENT  "retention"  invalid request: retention.max_age must be >= 0
 *   INVALID_ARGUMENT  "retention"  invalid request: retention.max_count or retention.max_age must
 * be set (SCHED-P-011) NOT_FOUND         ""           instance not found NO_MEMORY */
MUST_USE bool schedules_set(struct world *world, struct text instance_id,
                            const struct schedule_settings *settings, const struct schedule **out,
                            struct error *err);

/* instance_id  full id; also of an instance that was deleted (SCHED-R-006)
 * out          borrowed from the world, valid until its next change
 * Fails        NOT_FOUND  snapshot schedule not found */
MUST_USE bool schedules_get(const struct world *world, struct text instance_id,
                            const struct schedule **out, struct error *err);

/* The snapshots it made stay (SCHED-D-003).
 * Fails    NOT_FOUND  snapshot schedule not found
 *          NO_MEMORY  (only while the world is shared)
 * A failed call changes nothing. */
MUST_USE bool schedules_delete(struct world *world, struct text instance_id, struct error *err);

#endif
