/* --vivify: what a request names and nobody has made springs into being, in a state that the
 * request accepts. For tests with made-up ids, as generators of SDKs write them, which call
 * operations in any order and more than once.
 *
 * What has sprung up is always the same for the same word: its id is made of it. It stays, as if it
 * had been created, until a request cannot do with it as it is; then it is made to suit. So do
 * names that a request wants to give: who has one makes way. What a test has created by itself, or
 * what is wrong with a request, is judged as ever. */
#ifndef TESTKIT_MOCK_API_VIVIFY_H
#define TESTKIT_MOCK_API_VIVIFY_H

#include <stdbool.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "mock/api/call.h"

/* The instance of that id or name, else one that springs up and boots. In place of
 * instances_resolve(), but that a word is never the beginning of an id: whether it is one would
 * depend on chance.
 * out    borrowed until the next change of the world
 * Fails  NOT_FOUND  no id or name could be this word
 *        AMBIGUOUS  several have this name
 *        and as instance_create() */
MUST_USE bool vivify_instance(struct world *world, struct text word, const struct instance **out,
                              struct error *err);

/* Runs the route's operation. When it fails, which changes nothing, what it needs is made and it
 * runs once more. err    of the last run */
MUST_USE bool vivify_run(struct call *call, struct error *err);

#endif
