/* The rule on tag keys. Counts and values are the request validator's (TAG-005, TAG-006); keys
 * pass it unseen and are judged here. Pure, no memory. */
#ifndef TESTKIT_MOCK_DOMAIN_TAGS_H
#define TESTKIT_MOCK_DOMAIN_TAGS_H

#include <stdbool.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "mock/domain/pairs.h"

/* Judges the keys in ascending byte order; the first bad one is reported (SNAP-C-026..028,
 * INST-T-003, TAG-010, TAG-011). Lengths count characters.
 * tags     sorted (pairs_sort)
 * Fails    INVALID_ARGUMENT, field "tags":
 *          invalid request: invalid tags: key "{k}" length {n} out of range [1,128]
 *          invalid request: invalid tags: key "{k}" contains unsupported characters */
MUST_USE bool tags_check_keys(struct pair_list tags, struct error *err);

/* The most tags a resource may have. */
enum { TAGS_MAX = 50 };

/* For tags that no request validator has counted (SCHED-T-014).
 * Fails    INVALID_ARGUMENT, field "tags": invalid request: invalid tags: too many entries: {n}
 * (max 50) */
MUST_USE bool tags_check_count(struct pair_list tags, struct error *err);

#endif
