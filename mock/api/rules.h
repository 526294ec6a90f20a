/* The request schemas of the API description and the query parameters of its operations, as data.
 */
#ifndef TESTKIT_MOCK_API_RULES_H
#define TESTKIT_MOCK_API_RULES_H

#include "mock/api/params.h"
#include "mock/api/schema.h"

extern const struct schema schema_create_instance;
extern const struct schema schema_update_instance;
extern const struct schema schema_standby_instance;
extern const struct schema schema_start_instance;
extern const struct schema schema_fork_instance;
extern const struct schema schema_attach_volume;
extern const struct schema schema_create_snapshot;
extern const struct schema schema_set_schedule;
extern const struct schema schema_restore_snapshot;
extern const struct schema schema_fork_snapshot;
extern const struct schema schema_tag_key;   /* of tag filters (TAG-028) */
extern const struct schema schema_tag_value; /* also of tag filters in queries (TAG-029) */

extern const struct param_rule list_instances_query[];
extern const struct param_rule delete_instance_query[];
extern const struct param_rule wait_query[];
extern const struct param_rule logs_query[];
extern const struct param_rule stat_query[];
extern const struct param_rule list_snapshots_query[];

#endif
