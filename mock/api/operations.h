/* The operations this program implements, one function each; routes.c says which request reaches
 * which.
 *
 * Each gets a call that has passed the pipeline up to here (query, tags, body, instance as the
 * route asks for) and writes the whole answer, or sets res->wait and res->wake_at_ns. False: *err
 * says why, and the route's rows turn it into status and code. */
#ifndef TESTKIT_MOCK_API_OPERATIONS_H
#define TESTKIT_MOCK_API_OPERATIONS_H

#include <stdbool.h>

#include "common/base/error.h"
#include "mock/api/call.h"

bool op_get_health(struct call *call, struct error *err);
bool op_get_capabilities(struct call *call, struct error *err);

bool op_list_instances(struct call *call, struct error *err);
bool op_create_instance(struct call *call, struct error *err);
bool op_get_instance(struct call *call, struct error *err);
bool op_delete_instance(struct call *call, struct error *err);
bool op_update_instance(struct call *call, struct error *err);
bool op_standby_instance(struct call *call, struct error *err);
bool op_restore_instance(struct call *call, struct error *err);
bool op_fork_instance(struct call *call, struct error *err);
bool op_stop_instance(struct call *call, struct error *err);
bool op_start_instance(struct call *call, struct error *err);
bool op_wait_for_instance_state(struct call *call, struct error *err);
bool op_get_instance_logs(struct call *call, struct error *err);
bool op_stat_instance_path(struct call *call, struct error *err);
bool op_get_instance_stats(struct call *call, struct error *err);
bool op_get_auto_standby_status(struct call *call, struct error *err);
bool op_hold_auto_standby(struct call *call, struct error *err);
bool op_attach_volume(struct call *call, struct error *err);
bool op_detach_volume(struct call *call, struct error *err);

bool op_create_instance_snapshot(struct call *call, struct error *err);
bool op_list_snapshots(struct call *call, struct error *err);
bool op_get_snapshot(struct call *call, struct error *err);
bool op_delete_snapshot(struct call *call, struct error *err);
bool op_restore_instance_snapshot(struct call *call, struct error *err);
bool op_fork_snapshot(struct call *call, struct error *err);

bool op_get_snapshot_schedule(struct call *call, struct error *err);
bool op_set_snapshot_schedule(struct call *call, struct error *err);
bool op_delete_snapshot_schedule(struct call *call, struct error *err);

#endif
