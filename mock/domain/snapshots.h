/* The snapshots of a world: finding, listing, deleting. */
#ifndef TESTKIT_MOCK_DOMAIN_SNAPSHOTS_H
#define TESTKIT_MOCK_DOMAIN_SNAPSHOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "mock/domain/cow_map.h"
#include "mock/domain/pairs.h"
#include "mock/domain/snapshot.h"
#include "mock/domain/world.h"

/* By exact id only: a name or a prefix finds nothing (SNAP-I-008).
 * out      borrowed until the next change of the world
 * Fails    NOT_FOUND  snapshot not found; field "snapshot_id" when no id could ever be this text,
 *                     because it is too long for a file name or has a NUL (SNAP-I-010) */
MUST_USE bool snapshots_get(const struct world *world, struct text id, const struct snapshot **out,
                            struct error *err);

/* Removes a snapshot, cancelling its compression (SNAP-D-001, SNAP-D-005).
 * id       full id; may point into the record itself
 * Fails    NOT_FOUND  as snapshots_get
 *          NO_MEMORY  (only while a list is open)
 * A failed call changes nothing. */
MUST_USE bool snapshots_delete(struct world *world, struct text id, struct error *err);

/* All given ones must match (SNAP-L-023). */
struct snapshot_filter {
    struct text
        source_instance_id; /* full id; empty: any. Unknown ones match nothing (SNAP-L-005) */
    struct text name;       /* exact; empty: any                                            */
    bool by_kind;
    enum snapshot_kind kind;
    struct pair_list tags; /* any order; empty: any */
};

/* A list in progress, in the caller's memory: shows the world as it was when opened, whatever
 * happens meanwhile, and costs no copy. Ascending by id (SNAP-L-003). With source_instance_id it
 * visits only that instance's snapshots. Do not copy the struct. */
struct snapshot_cursor {
    struct cow_map map;
    struct cow_cursor at;
    struct snapshot_filter filter;
    int64_t now_ns; /* moment of opening; use it for snapshot_view of what comes out */
};

/* Cannot fail. Close it, also before the env goes away.
 * filter   copied; its texts and tags are borrowed until close */
void snapshot_cursor_open(struct snapshot_cursor *cursor, const struct world *world,
                          const struct snapshot_filter *filter);
/* The next match, borrowed until close; NULL at the end. */
const struct snapshot *snapshot_cursor_next(struct snapshot_cursor *cursor);
void snapshot_cursor_close(struct snapshot_cursor *cursor); /* a zeroed or closed one is fine */

#endif
