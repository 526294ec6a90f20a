/* Snapshot schedules between JSON and domain (snapshots.md 4 and 11). */
#ifndef TESTKIT_MOCK_API_SCHEDULE_CODEC_H
#define TESTKIT_MOCK_API_SCHEDULE_CODEC_H

#include <stdbool.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/json/json_writer.h"
#include "mock/api/body.h"
#include "mock/domain/schedule.h"
#include "mock/domain/schedules.h"

/* Reads a body that fits schema_set_schedule; out points into the body and the arena.
 * Fails  in this order, before any check of the domain
 *   INVALID_ARGUMENT  "interval"   interval must be a valid duration (SCHED-P-005)
 *   INVALID_ARGUMENT  "retention"  retention must include max_count or max_age (SCHED-P-008)
 *   INVALID_ARGUMENT  "retention"  retention.max_age must be a valid duration (SCHED-P-009)
 *   NO_MEMORY */
MUST_USE bool schedule_settings_decode(const struct body_value *body, struct arena *arena,
                                       struct schedule_settings *out, struct error *err);

/* One SnapshotSchedule object. Overflow shows in w->out->failed. */
void schedule_encode(struct json_writer *w, const struct schedule *schedule);

#endif
