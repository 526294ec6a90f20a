/* A guest that ends by itself, which no request can bring about: for tests of what happens then. */
#ifndef TESTKIT_MOCK_DOMAIN_GUEST_EXIT_H
#define TESTKIT_MOCK_DOMAIN_GUEST_EXIT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "mock/domain/instance.h"
#include "mock/domain/instance_edit.h"
#include "mock/domain/world.h"

/* Stopped at once, with nothing else changed but the exit fields (INST-G-004, INST-J-043); then the
 * restart policy has its say (restart.h).
 * id       full id
 * out      borrowed from the world, valid until its next change
 * Fails    NOT_FOUND      instance not found
 *          INVALID_STATE  no guest is running: the instance is {State}
 *          NO_MEMORY
 * A failed call changes nothing. */
MUST_USE bool instance_guest_exit(struct world *world, struct text id, int32_t exit_code,
                                  const struct instance **out, struct error *err);

/* The same of one that is being edited and is up; for the domain's own files.
 * out      NULL when nobody wants it
 * Fails    NO_MEMORY */
MUST_USE bool guest_exit_commit(struct instance_edit *edit, int32_t exit_code,
                                const struct instance **out, struct error *err);

#endif
