/* One stored instance being changed: read, edited as a copy, put in place of the original. For the
 * domain's own files; several records at once: change.h. */
#ifndef TESTKIT_MOCK_DOMAIN_INSTANCE_EDIT_H
#define TESTKIT_MOCK_DOMAIN_INSTANCE_EDIT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "mock/domain/instance.h"
#include "mock/domain/world.h"

struct instance_edit {
    struct world *world;
    int64_t now_ns;
    const struct instance *stored; /* borrowed from the world                            */
    struct instance next; /* the same as it is now; a changed config is a copy with refs 0 */
};

/* Fails    NOT_FOUND  instance not found */
MUST_USE bool instance_edit_begin(struct instance_edit *edit, struct world *world, struct text id,
                                  struct error *err);
/* event    at_ns is filled in with now
 * out      borrowed from the world until its next change; NULL when nobody wants it
 * Fails    NO_MEMORY  nothing has changed */
MUST_USE bool instance_edit_commit(struct instance_edit *edit, struct history_event event,
                                   const struct instance **out, struct error *err);
/* The same for what is not worth an event: the config stays, and so does the history. */
MUST_USE bool instance_edit_keep(struct instance_edit *edit, const struct instance **out,
                                 struct error *err);

#endif
