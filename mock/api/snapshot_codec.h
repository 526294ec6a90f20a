/* Snapshots between JSON and domain (snapshots.md 4 and 5). */
#ifndef TESTKIT_MOCK_API_SNAPSHOT_CODEC_H
#define TESTKIT_MOCK_API_SNAPSHOT_CODEC_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/json/json_writer.h"
#include "mock/api/body.h"
#include "mock/domain/snapshot.h"
#include "mock/domain/snapshot_create.h"

/* Reads a body that fits schema_create_snapshot; out points into the body and the arena.
 * Fails  NO_MEMORY */
MUST_USE bool snapshot_request_decode(const struct body_value *body, struct arena *arena,
                                      struct snapshot_request *out, struct error *err);

/* One Snapshot object as seen at now_ns. Overflow shows in w->out->failed. */
void snapshot_encode(struct json_writer *w, const struct snapshot *snapshot, int64_t now_ns);

#endif
