/* Schedules on top of world_fixture.h. Every helper asserts that it succeeded. */
#ifndef TESTKIT_TESTS_UNIT_MOCK_DOMAIN_SCHEDULE_FIXTURE_H
#define TESTKIT_TESTS_UNIT_MOCK_DOMAIN_SCHEDULE_FIXTURE_H

#include "mock/domain/resource_id.h"
#include "mock/domain/schedules.h"
#include "tests/unit/mock/domain/world_fixture.h"

#define MINUTE (60 * NS_PER_SEC)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

/* An id that outlives the records. */
struct resource_id id_of(const struct instance *instance);
#define TEXT_OF(id) resource_id_text(&(id))

/* The clock goes on, and what is due happens. */
void pass(struct fixture *f, int64_t ns);
/* Likewise, to a time after the world's start. */
void pass_until(struct fixture *f, int64_t since_start_ns);

const struct schedule *given_schedule(struct fixture *f, struct text instance_id,
                                      const struct schedule_settings *settings);
/* An hourly one that keeps the last max_count, due at that time after the world's start. */
const struct schedule *given_due(struct fixture *f, struct text instance_id, int64_t max_count,
                                 int64_t since_start_ns);
/* NULL when there is none. */
const struct schedule *find_schedule(const struct fixture *f, struct text instance_id);

/* A hand-made snapshot that looks like one of the schedule's (SCHED-R-008); its id. */
struct resource_id given_marked(struct fixture *f, struct text instance_id);

/* The snapshots of an instance, ascending by creation; their number. */
enum { MAX_SNAPSHOTS = 64 };
size_t list_snapshots(struct fixture *f, struct text instance_id,
                      const struct snapshot *out[MAX_SNAPSHOTS]);

#endif
