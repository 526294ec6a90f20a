/* Tags by which a resource says, when it is created, what becomes of its transitions:
 *
 *     "mock.boot": "12s"            takes so long: of a boot and a compression
 *     "mock.boot": "hold"           is held (mock/domain/transition_control.h)
 *     "mock.boot": "fail"           fails once; "fail-always": each time
 *     "mock.fail": "restore stop"   each of these fails once
 *
 * They stay tags, too. Pure. */
#ifndef TESTKIT_MOCK_API_TAG_SCRIPT_H
#define TESTKIT_MOCK_API_TAG_SCRIPT_H

#include <stdbool.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "mock/domain/pairs.h"
#include "mock/domain/transition_plan.h"

/* What the tags of an instance to be created ask for; true with all zero when they ask for nothing.
 * Fails  INVALID_ARGUMENT  "tags"  one that begins with "mock." says nothing that is known */
MUST_USE bool tag_script_of_instance(struct pair_list tags, struct transition_plan *out,
                                     struct error *err);
/* Of a snapshot: of its compression, which is all it has.
 * asks   whether they ask for anything
 * Fails  as above */
MUST_USE bool tag_script_of_snapshot(struct pair_list tags, struct transition_wish *out, bool *asks,
                                     struct error *err);

#endif
