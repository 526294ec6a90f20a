/* The fault rules of one world, how often each was met, and how a request goes through them.
 *
 * A request is the first rule's, in the order of their making, that is about it, is not skipping or
 * used up, and has the luck; the later ones do not count it. Rules that keep the operation from
 * happening come before those that spoil its answer, which may depend on that answer.
 *
 * Not thread-safe. */
#ifndef TESTKIT_MOCK_CONTROL_FAULTS_H
#define TESTKIT_MOCK_CONTROL_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/text.h"
#include "common/env/env.h"
#include "common/http/http.h"
#include "mock/api/api.h"
#include "mock/control/fault_rule.h"

enum { FAULTS_MAX = 64, FAULT_ID_BYTES = 32 };

struct fault {
    struct fault_rule *rule; /* owned in part */
    uint64_t number;         /* "fault-NUMBER" */
    uint64_t matched;        /* requests that were this rule's to judge */
    uint64_t applied;        /* ... and were answered as it says        */
    struct rng_seeded luck;
};

/* All zero: none. Read freely. */
struct faults {
    struct fault items[FAULTS_MAX];
    size_t count;
    uint64_t made;
    uint64_t changes; /* of the list */
};

/* Releases all rules. */
void faults_clear(struct faults *all);
/* The same rules, met as often. *to holds none. */
void faults_copy(struct faults *to, const struct faults *from);

/* Takes the rule in as the last; consumed. There must be room: fewer than FAULTS_MAX. */
void faults_add(struct faults *all, struct fault_rule *rule);
/* By "fault-7"; NULL when there is none. */
struct fault *faults_find(struct faults *all, struct text id);
void faults_remove(struct faults *all, struct fault *fault);
/* "fault-7" */
void fault_format_id(const struct fault *fault, char out[FAULT_ID_BYTES]);

/* Which rules are about the request, as far as that shows before it is answered: a bit for each, by
 * its place. */
uint64_t faults_about(const struct faults *all, const struct http_request *req,
                      const struct api_subject *subject);
/* The rule whose the request is, counted; NULL for none.
 * about  of this list, unchanged since
 * res    the operation's answer, for the rules that spoil it; NULL: those that keep it from
 *        happening */
struct fault *faults_choose(struct faults *all, uint64_t about, const struct response *res);

#endif
