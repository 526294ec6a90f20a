/* Holding and ending a compression job as no request can: for tests of what happens then. */
#ifndef TESTKIT_MOCK_DOMAIN_SNAPSHOT_FORCE_H
#define TESTKIT_MOCK_DOMAIN_SNAPSHOT_FORCE_H

#include <stdbool.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "mock/domain/snapshot.h"
#include "mock/domain/world.h"

/* What the server says of a job that failed (COMP-025). */
#define SNAPSHOT_COMPRESSION_FAILURE TEXT("write compressed stream: no space left on device")

/* The running job does not end by itself.
 * id, out and errors as of snapshot_fail_compression() */
MUST_USE bool snapshot_hold_compression(struct world *world, struct text id,
                                        const struct snapshot **out, struct error *err);
/* A job that is held ends now.
 * Fails    NOT_FOUND      snapshot not found
 *          INVALID_STATE  its compression is not held
 *          NO_MEMORY */
MUST_USE bool snapshot_end_compression(struct world *world, struct text id,
                                       const struct snapshot **out, struct error *err);
/* The running job fails: state error for good, with a text (COMP-025). The snapshot stays usable.
 * id       full id; may point into the record itself
 * out      borrowed from the world, valid until its next change
 * Fails    NOT_FOUND      snapshot not found
 *          INVALID_STATE  it is not compressing
 *          NO_MEMORY */
MUST_USE bool snapshot_fail_compression(struct world *world, struct text id,
                                        const struct snapshot **out, struct error *err);

#endif
