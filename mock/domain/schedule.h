/* What a snapshot schedule is. Immutable once stored, as instances (instance.h); the same
 * conventions hold. One per instance, which it may outlive (SCHED-R-006). */
#ifndef TESTKIT_MOCK_DOMAIN_SCHEDULE_H
#define TESTKIT_MOCK_DOMAIN_SCHEDULE_H

#include <stdint.h>

#include "common/base/mem.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "mock/domain/pairs.h"

struct schedule {
    uint32_t refs; /* bookkeeping */
    struct text instance_id;
    int64_t interval_ns;
    struct text name_prefix; /* empty: none, null in the answer (SCHED-P-017) */
    struct pair_list metadata;
    int64_t max_count;  /* 0: no limit by count (SCHED-R-003) */
    int64_t max_age_ns; /* 0: no limit by age (SCHED-R-004)   */
    int64_t next_run_at_ns;
    int64_t created_at_ns;
    int64_t updated_at_ns;
    int64_t last_run_at_ns;
    struct text last_snapshot_id; /* empty: null */
    struct text last_error;       /* empty: null */
};

/* A copy of `from` with its texts and metadata; NULL when out of memory. Owned, one reference:
 * schedule_release(). */
MUST_USE const struct schedule *schedule_new(const struct mem *mem, const struct schedule *from);
void schedule_retain(const struct schedule *schedule);
/* NULL is fine. */
void schedule_release(const struct mem *mem, const struct schedule *schedule);

#endif
