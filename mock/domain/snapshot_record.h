/* Making and sharing snapshot records; for the domain's own files. */
#ifndef TESTKIT_MOCK_DOMAIN_SNAPSHOT_RECORD_H
#define TESTKIT_MOCK_DOMAIN_SNAPSHOT_RECORD_H

#include "common/base/mem.h"
#include "common/base/scope.h"
#include "mock/domain/snapshot.h"

/* A copy of `from` with its texts and tags, and a reference to its source; NULL when out of
 * memory. Owned, one reference: snapshot_release(). */
MUST_USE const struct snapshot *snapshot_new(const struct mem *mem, const struct snapshot *from);
void snapshot_retain(const struct snapshot *snapshot);
/* NULL is fine. */
void snapshot_release(const struct mem *mem, const struct snapshot *snapshot);

/* The same snapshot with its compression called off for good (COMP-018); NULL when out of memory.
 * Owned: snapshot_release(). */
MUST_USE const struct snapshot *snapshot_new_uncompressed(const struct mem *mem,
                                                          const struct snapshot *from);

/* What a capture of that kind weighs (snapshots.md section 16). Never negative; stays at INT64_MAX
 * where a sum would pass it. */
int64_t snapshot_captured_bytes(enum snapshot_kind kind, const struct instance_config *source);

#endif
