/* Named beginnings that scenarios share: {"use": "running-instance", "as": "vm"}.
 *
 * A fragment is a list of steps. What it captures as "id" is "vm.id" to the scenario; within the
 * fragment that is "${.id}", and "${as}" is "vm". A fragment may use others, under the same name.
 */
#ifndef TESTKIT_CONFORMANCE_SUITE_FRAGMENT_H
#define TESTKIT_CONFORMANCE_SUITE_FRAGMENT_H

#include <stdbool.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "common/json/json_document.h"

/* Appends to `steps` the fragment's steps with its names filled in, all marked "setup": true.
 * bundle  has fragments/NAME.json
 * use     the step that asks for it: use, as, with. The members of `with` replace those of the body
 *         of the fragment's first request that has one.
 * Fails   INVALID_ARGUMENT, NO_MEMORY; *steps may then have grown */
MUST_USE bool fragment_expand(struct text bundle, const struct json_at *use, json_t *steps,
                              struct error *err);

#endif
