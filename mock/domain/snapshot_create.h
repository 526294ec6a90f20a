/* POST /instances/{id}/snapshots: snapshots.md section 5. */
#ifndef TESTKIT_MOCK_DOMAIN_SNAPSHOT_CREATE_H
#define TESTKIT_MOCK_DOMAIN_SNAPSHOT_CREATE_H

#include <stdbool.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "mock/domain/snapshot.h"
#include "mock/domain/transition_plan.h"
#include "mock/domain/world.h"

/* All borrowed for the call; judged by the request validator (name, tag counts and values, level
 * within 0..19). */
struct snapshot_request {
    enum snapshot_kind kind;
    struct text id;        /* that of a resource_id nobody has; empty: a new one */
    struct text name;      /* empty: unnamed      */
    struct pair_list tags; /* sorted (pairs_sort) */
    struct compression_choice compression;
    const struct transition_wish *wish; /* of its compression; NULL: as its source says */
};

/* Captures an instance, taking no time of the world's clock. A Running source goes through standby
 * and is Running again afterwards, with stopped_at = the capture (SNAP-S-001, SNAP-S-004).
 * instance_id  full id, from instances_resolve; may point into the record itself
 * out          borrowed from the world, valid until the next change of the world
 * Fails        in this order
 *   INVALID_ARGUMENT  "compression"  level must be between ... (COMP-006, COMP-007, COMP-012);
 *                                    the edge's code for it is invalid_snapshot_compression
 *   INVALID_ARGUMENT  "kind"         invalid request: compression is only supported for standby
 *                                    snapshots (SNAP-C-032)
 *   INVALID_ARGUMENT  "tags"         invalid request: invalid tags: ... (SNAP-C-026..028)
 *   NOT_FOUND         ""             instance not found
 *   NOT_SUPPORTED     ""             a writable volume (SNAP-C-018)
 *   ALREADY_EXISTS    "name"         SNAP-C-013
 *   INVALID_STATE     ""             SNAP-C-004, SNAP-C-005, vGPU SNAP-C-033
 *   NOT_SUPPORTED     "hypervisor"   a hypervisor without standby (SNAP-C-034)
 *   NO_MEMORY
 * A failed call leaves the world and *out as they were. */
MUST_USE bool snapshot_create(struct world *world, struct text instance_id,
                              const struct snapshot_request *request, const struct snapshot **out,
                              struct error *err);

struct change;

/* The same as a part of a larger change, for the domain's own files.
 * out    borrowed from the change, then from the world; NULL when memory lacks, and the commit of
 *        the change will say so
 * Fails  as snapshot_create, but for NO_MEMORY; nothing was added to the change */
MUST_USE bool snapshot_capture(struct change *change, struct text instance_id,
                               const struct snapshot_request *request, const struct snapshot **out,
                               struct error *err);

#endif
