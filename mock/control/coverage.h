/* What of the API has been exercised by clients: operations that succeeded, errors met, states from
 * which operations moved an instance, parameters, members of bodies, and values of enums.
 *
 * All there is to exercise follows from the tables of mock/api, in one fixed order; what has been
 * is a bit each. Pure; not thread-safe. */
#ifndef TESTKIT_MOCK_CONTROL_COVERAGE_H
#define TESTKIT_MOCK_CONTROL_COVERAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "mock/api/response.h"

enum { COVERAGE_MAX_ITEMS = 1024 };

enum coverage_kind {
    COVERAGE_OPERATION, /* "createInstance": it was answered 2xx                      */
    COVERAGE_ERROR,     /* "createInstance invalid_size"                              */
    COVERAGE_EDGE,      /* "stopInstance from Running": likewise                      */
    COVERAGE_QUERY,     /* "listInstances state": it was sent                         */
    COVERAGE_MEMBER,    /* "createInstance network.egress": likewise                  */
    COVERAGE_VALUE,     /* "listInstances state=Running"                              */
    COVERAGE_KIND_COUNT,
};
extern const char *const coverage_kind_names[]; /* "operations", "errors", ...; ends with NULL */

/* All zero: nothing yet. */
struct coverage {
    uint64_t bits[COVERAGE_MAX_ITEMS / 64];
    const void *error_route; /* the error noted last, which mostly comes again */
    const char *error_code;
};

/* Where the items of each route begin. */
enum coverage_part {
    COVERAGE_SUCCESS,
    COVERAGE_ERRORS,
    COVERAGE_EDGES,
    COVERAGE_QUERIES,
    COVERAGE_BODY,
    COVERAGE_PART_COUNT,
};
enum { COVERAGE_MAX_ROUTES = 128 };
struct coverage_plan {
    uint16_t at[COVERAGE_MAX_ROUTES][COVERAGE_PART_COUNT];
};
void coverage_plan_init(struct coverage_plan *plan);

/* Notes what was asked and answered. To be called before the response is reset. */
void coverage_note(struct coverage *coverage, const struct coverage_plan *plan,
                   const struct response *res);

/* Calls `visit` for each item there is, in order, with a name that is borrowed for the call. */
void coverage_each(void (*visit)(void *ctx, size_t index, enum coverage_kind kind,
                                 struct text name),
                   void *ctx);
bool coverage_has(const struct coverage *coverage, size_t index);

/* {"format":...,"operations":{"seen":[...],"never":[...]},"errors":...}. Check out->failed. */
void coverage_write_json(const struct coverage *coverage, struct buffer *out);
/* Figures by kind, then what has never been exercised. Check out->failed. */
void coverage_write_text(const struct coverage *coverage, struct buffer *out);

/* Adds what such a document has seen.
 * Fails  INVALID_ARGUMENT  it is no such document, or has what this version does not know
 *        NO_MEMORY */
MUST_USE bool coverage_add_json(struct coverage *coverage, struct text document, struct error *err);

#endif
