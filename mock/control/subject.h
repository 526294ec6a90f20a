/* The instance that a request of the control API is about, and how it is shown. For this folder. */
#ifndef TESTKIT_MOCK_CONTROL_SUBJECT_H
#define TESTKIT_MOCK_CONTROL_SUBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "mock/control/control_call.h"
#include "mock/domain/instance.h"
#include "mock/domain/instance_hooks.h"
#include "mock/domain/instances.h"

/* The one that the path names by id, name or prefix of an id, once all that is due has happened.
 * out    borrowed until the world changes
 * Fails  NOT_FOUND, AMBIGUOUS  "id" */
MUST_USE bool subject_find(struct control_call *call, const struct instance **out,
                           struct error *err);
/* Lets happen what is due by now, and answers with what is told of the instance.
 * id  full; may point into a record that has been replaced, but not into a config that has */
bool subject_reply(struct control_call *call, struct text id);

#endif
