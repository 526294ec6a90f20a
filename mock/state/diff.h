/* What differs between two worlds, for people. */
#ifndef TESTKIT_MOCK_STATE_DIFF_H
#define TESTKIT_MOCK_STATE_DIFF_H

#include <stdbool.h>

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/base/text.h"

/* Appends a line per difference, nothing when there is none:
 *
 *     ~ instances.hkuodgfxckwxxk67jjm12vl3 (web).state: "Running" -> "Standby"
 *     + instances.hkuodgfxckwxxk67jjm12vl3 (web).history[2]: {"kind":"standby", ...}
 *     - snapshots.doifbdhhqo41wvgprs1zs9ze (nightly): {"id": ...}
 *
 * Records are told apart by their ids, and what they share is shown where it is used, so the places
 * records have in their documents do not matter.
 * before, after  documents that state_import() accepts
 * Fails          INVALID_ARGUMENT  one of them is no such document
 *                RESOURCE_EXHAUSTED, NO_MEMORY */
MUST_USE bool state_diff(struct text before, struct text after, struct buffer *out,
                         struct error *err);

#endif
