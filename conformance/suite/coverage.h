/* Which rules of the contract scenarios check: tested, excluded with its reason, or a gap. */
#ifndef TESTKIT_CONFORMANCE_SUITE_COVERAGE_H
#define TESTKIT_CONFORMANCE_SUITE_COVERAGE_H

#include "common/base/buffer.h"
#include "conformance/suite/catalogue.h"
#include "conformance/suite/scenario.h"
#include "conformance/suite/shapes.h"

/* A line per rule, "SNAP-C-009  tested  snapshots/create/empty-name", then the counts by document.
 * The rules that every exchange is checked for count as tested. */
void coverage_report(const struct catalogue *catalogue, const struct scenario_set *scenarios,
                     const struct shapes *shapes, struct buffer *out);

#endif
