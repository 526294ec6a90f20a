/* A world as a document: to be looked at, compared, kept beside a test and loaded again.
 *
 * JSON with one record a line, and canonical: the same world always gives the same bytes, and a
 * document that was exported and imported is exported as it was. Everything is in it that decides
 * what happens next: records, what is due when, ids to come, addresses, settings, the clock. Not in
 * it are the quirks of a truth and the limit of records (world.h), which belong to the program.
 *
 * What several records share stands once: configs, events (of histories) and captured instances are
 * referred to by their place, counted from 1. */
#ifndef TESTKIT_MOCK_STATE_STATE_H
#define TESTKIT_MOCK_STATE_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "common/env/env.h"
#include "common/json/json_document.h"
#include "mock/domain/world.h"

/* Of the env of a world, which is whoever made it's to keep and to set. */
struct state_outside {
    int64_t now_ns; /* what its clock shows                                 */
    bool has_random;
    uint64_t random; /* rng_seeded.state; meaningless without has_random     */
};

/* Appends the document.
 * Fails    RESOURCE_EXHAUSTED, NO_MEMORY: *out holds a part of it */
MUST_USE bool state_export(const struct world *world, const struct state_outside *outside,
                           struct buffer *out, struct error *err);

/* The world of a document that may come from anyone; NULL when it cannot be. A document may leave
 * out all but its format: what is missing is empty, or as a new world has it.
 * env       as world_new()
 * base      settings where the document has none, and always the quirks and the limit
 * outside   written on success; now_ns is never 0
 * Owned: world_free().
 * Fails     INVALID_ARGUMENT  what is wrong, and the path to it
 *           NO_MEMORY */
MUST_USE struct world *state_import(const struct env *env, const struct world_settings *base,
                                    struct text document, struct state_outside *outside,
                                    struct error *err);
/* The same of a document that has been read, maybe as a part of another. */
MUST_USE struct world *state_import_json(const struct env *env, const struct world_settings *base,
                                         const struct json_at *document,
                                         struct state_outside *outside, struct error *err);

#endif
