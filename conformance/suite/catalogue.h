/* The rules of docs/contract with the sentence of each, and which of them no case can check.
 *
 * Read from the documents themselves: a rule is a row of a table whose first cell is its id. The
 * sentence is the row's other cells but for those that say where the fact was found. Immutable once
 * loaded, so it may be shared between threads. */
#ifndef TESTKIT_CONFORMANCE_SUITE_CATALOGUE_H
#define TESTKIT_CONFORMANCE_SUITE_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/base/text.h"

struct rule {
    const char *id;       /* "SNAP-C-009"                                     */
    const char *sentence; /* as plain text, "given: expect"                   */
    const char *document; /* "snapshots"                                      */
    const char *excluded; /* why no case can check it; NULL when one can      */
};

/* Everything is owned by the arena it was loaded into. */
struct catalogue {
    struct rule *rules; /* in the order of the documents */
    size_t count;
    size_t *by_id; /* indexes of rules, in byte order of the ids */
};

/* bundle  has contract/NAME.md and exclusions.txt, whose lines are "ID[..ID] why"
 * Fails   INVALID_ARGUMENT  a rule twice, an exclusion without reason or that fits no rule
 *         NO_MEMORY */
MUST_USE bool catalogue_load(struct text bundle, struct arena *arena, struct catalogue *out,
                             struct error *err);

/* NULL when the contract has no such rule. */
const struct rule *catalogue_find(const struct catalogue *catalogue, struct text id);

#endif
