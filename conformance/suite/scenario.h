/* The cases as they are played: scenarios of steps, read from JSON (docs/conformance.md).
 *
 * Strict: what a file may not say is refused with its path, the member, and what was expected
 * there. Immutable once loaded, so scenarios may be played by several threads. */
#ifndef TESTKIT_CONFORMANCE_SUITE_SCENARIO_H
#define TESTKIT_CONFORMANCE_SUITE_SCENARIO_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/base/text.h"
#include "conformance/suite/catalogue.h"
#include "conformance/suite/truth.h"

enum { STATUSES_MAX = 4 };

/* What the answer to a request must be. */
struct expectation {
    int statuses[STATUSES_MAX]; /* any of them */
    size_t status_count;
    const char *code;      /* the error's; NULL: not looked at              */
    const json_t *message; /* matchers; NULL: not looked at                 */
    const json_t *headers; /* object of matchers by name                    */
    const json_t *body;    /* matcher of the body as JSON                   */
    const json_t *text;    /* matcher of the body as text                   */
};

enum step_kind { STEP_REQUEST, STEP_CLOCK, STEP_HOOK };

/* Strings and JSON may hold placeholders, but for `rules` and numbers. */
struct step {
    enum step_kind kind;
    const char *title;        /* for a person; never NULL                               */
    bool setup;               /* of a fragment: its failure says nothing about a rule   */
    const char *const *rules; /* NULL-terminated                                        */
    const json_t *tree;       /* the step as written, fragments filled in               */

    /* STEP_REQUEST; the first three also STEP_HOOK, where the path goes on after /_mock */
    const char *method;
    const char *target;    /* path, maybe with a query as it stands                   */
    const json_t *body;    /* sent as JSON; NULL for none                             */
    const json_t *query;   /* object: string, or array of strings; NULL for none      */
    const json_t *headers; /* object: string, or null to leave out a default one      */
    const json_t *token;   /* made for this request (token.h); NULL: the run's        */
    struct text raw;       /* sent as it is instead; data NULL for none               */
    struct expectation expect[TRUTH_COUNT];
    const json_t *capture; /* object: name -> JSON pointer; NULL for none             */
    int64_t repeat;        /* >= 1                                                    */
    int64_t within_ns;     /* > 0: asked again until it is as expected, so long       */
    const json_t *grpc;    /* what differs over gRPC; NULL for nothing                */

    /* STEP_CLOCK */
    const char *clock_mode; /* "virtual"; NULL: stays                                  */
    int64_t advance_ns;     /* 0: stays                                                */
};

struct scenario {
    const char *id; /* "snapshots/create/empty-name" */
    const char *title;
    bool truths[TRUTH_COUNT];
    const char *const *needs; /* NULL-terminated                                     */
    const char *const *rules; /* of all its steps and its own, each once             */
    int64_t cost_ns;          /* real time it takes where no clock can be moved      */
    const struct step *steps;
    size_t step_count;
};

struct scenario_set {
    struct arena arena;
    json_t *trees;          /* array: what the scenarios borrow */
    struct scenario *items; /* in byte order of their ids */
    size_t count;
};

/* bundle  has cases/ID.json and fragments/NAME.json; must outlive the set
 * out     owned: scenario_set_fini()
 * Fails   INVALID_ARGUMENT  "cases/x.json: steps[1].expect.status is missing"; also no case at all
 *         NO_MEMORY */
MUST_USE bool scenario_set_load(struct text bundle, const struct catalogue *catalogue,
                                struct scenario_set *out, struct error *err);
void scenario_set_fini(struct scenario_set *set);
void scenario_set_scope_end(struct scenario_set *set);

#endif
