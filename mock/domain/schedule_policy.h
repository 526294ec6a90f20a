/* When a schedule runs, and how what it makes is named and marked (snapshots.md section 11). Pure,
 * no memory. */
#ifndef TESTKIT_MOCK_DOMAIN_SCHEDULE_POLICY_H
#define TESTKIT_MOCK_DOMAIN_SCHEDULE_POLICY_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/text.h"
#include "mock/domain/pairs.h"
#include "mock/domain/schedule.h"
#include "mock/domain/tags.h"

/* The first run of a schedule set at set_at_ns: an interval later and a bit more, which depends on
 * the instance and keeps the schedules of a server apart (SCHED-P-020).
 * interval_ns  at least a minute
 * Stays at INT64_MAX, the year 2262, where it would pass it; so does the next. */
int64_t schedule_first_run_ns(struct text instance_id, int64_t interval_ns, int64_t set_at_ns);
/* The run after one at run_ns that was due at due_ns: of due_ns and whole intervals the first after
 * run_ns. What was missed is not made up (SCHED-T-009).
 * due_ns  not after run_ns */
int64_t schedule_following_run_ns(int64_t due_ns, int64_t interval_ns, int64_t run_ns);

/* "nightly-20260310-100000", with the run's second in UTC (SCHED-T-006). */
struct schedule_name {
    char text[64]; /* NUL-terminated */
};
/* prefix   empty: "scheduled"; at most 47 characters, as the request validator sees to */
struct schedule_name schedule_snapshot_name(struct text prefix, int64_t run_ns);

/* The two tags that mark what a schedule of this instance made (SCHED-R-002). Sorted; borrowed from
 * `marks` and instance_id. */
enum { SCHEDULE_MARKS = 2 };
struct pair_list schedule_marks(struct text instance_id, struct pair marks[SCHEDULE_MARKS]);

/* The tags of a snapshot: the schedule's metadata and its marks, which win over equal keys
 * (SCHED-T-007). Sorted; borrowed from `tags` and the schedule. */
enum { SCHEDULE_TAGS_MAX = TAGS_MAX + SCHEDULE_MARKS };
struct pair_list schedule_tags(const struct schedule *schedule,
                               struct pair tags[SCHEDULE_TAGS_MAX]);

#endif
