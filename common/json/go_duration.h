/* Durations as Go writes and reads them: "1h30m", "1.5s", "250ms" (DUR-001 to DUR-005). */
#ifndef TESTKIT_COMMON_JSON_GO_DURATION_H
#define TESTKIT_COMMON_JSON_GO_DURATION_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/base/text.h"

/* Fails  INVALID_ARGUMENT  with Go's own words, which the API shows to clients:
 *        time: invalid duration "x"; time: missing unit in duration "5";
 *        time: unknown unit "d" in duration "1d" */
MUST_USE bool go_duration_parse(struct text t, int64_t *out_ns, struct error *err);

/* Canonical form: 0s, 1.5ms, 1m30s, 1h0m0s. Returns !out->failed. */
bool go_duration_append(struct buffer *out, int64_t ns);

#endif
