/* Failures that are known and excused, for now: a file that lives with the server, not with the
 * suite.
 *
 *     # the pattern of ids, until when (optional), and why
 *     snapshots/create/name-form/via:rest  until:2026-12-31  issue 12: names are not checked
 *
 * An entry that has expired excuses nothing. One whose scenario passes, and one that fits no
 * scenario, make the run red: a list that is no longer true is worse than none. */
#ifndef TESTKIT_CONFORMANCE_SUITE_KNOWN_FAILING_H
#define TESTKIT_CONFORMANCE_SUITE_KNOWN_FAILING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/base/text.h"
#include "conformance/suite/result.h"

struct known_entry {
    struct text pattern;
    const char *reason;
    int64_t until_ns; /* the end of its last day, UTC; INT64_MAX: for good */
    size_t line;
};

struct known_failing {
    struct known_entry *entries; /* in the arena it was loaded into */
    size_t count;
};

/* Fails  INVALID_ARGUMENT  "line 3: has no reason"; NO_MEMORY */
MUST_USE bool known_failing_load(struct text text, struct arena *arena, struct known_failing *out,
                                 struct error *err);

/* Turns a failure that is excused into KNOWN_FAIL, and a pass that is listed into STALE. */
void known_failing_judge(const struct known_failing *list, int64_t now_ns, struct result *result);

/* Whether an entry fits an id. */
bool known_entry_fits(const struct known_entry *entry, const char *id);

#endif
