/* The checks that every exchange passes through, whatever its case expects: content type,
 * documented status, and the form of the body. They come from schema/resources.json, which says in
 * a few words what docs/contract says of each resource:
 *
 *   "objects": { "Snapshot": { "rules": { "*": "JSON-004", "id": "SNAP-I-001" },
 *                              "members": { "id": "id", "tags?": "map", "name": "string|null",
 *                                           "kind": ["Standby", "Stopped"] } } }
 *   "operations": { "GET /snapshots": { "answers": { "200": "[Snapshot]" }, "errors": [500] } }
 *
 * A member's "?" means that it may be left out. A type is one of string integer number boolean
 * object map id timestamp duration size, an object's name, [TYPE], "empty" for no body and "text"
 * for one that is no JSON, each maybe with "|null"; an array lists the values of an enumeration.
 * Immutable once loaded. */
#ifndef TESTKIT_CONFORMANCE_SUITE_SHAPES_H
#define TESTKIT_CONFORMANCE_SUITE_SHAPES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "common/http/path_template.h"
#include "conformance/suite/catalogue.h"
#include "conformance/suite/match.h"
#include "conformance/suite/truth.h"

struct operation_shape {
    const char *method; /* borrowed from the document */
    struct path_template *path;
    json_t *answers;     /* status -> type */
    json_t *errors;      /* statuses */
    const char *creates; /* "/snapshots/", where what it made is deleted by its id; NULL: nothing */
    const char *content; /* content type of its success, when it is not JSON */
};

struct shapes {
    json_t *document;                   /* owned */
    struct operation_shape *operations; /* in the arena */
    size_t count;
};

/* Fails  INVALID_ARGUMENT  a type, rule or member that is not of the form above
 *        NO_MEMORY
 * out    owned: shapes_fini(), before the arena */
MUST_USE bool shapes_load(struct text document, const struct catalogue *catalogue,
                          struct arena *arena, struct shapes *out, struct error *err);
void shapes_fini(struct shapes *shapes);

/* One answer as the checks see it. Everything is borrowed. */
struct shaped_answer {
    const char *method;
    struct text path; /* without query */
    int status;
    struct text content_type; /* data NULL when absent           */
    struct text body;
    const json_t *json; /* the body; NULL when it is no JSON */
};

/* Adds to the report what is not of the documented form. The description promises a form for every
 * error and every member; the real server keeps that for successes only, and adds members. */
void shapes_check(const struct shapes *shapes, enum truth truth, const struct shaped_answer *answer,
                  struct match_report *report);

/* The operation of a request; NULL when the API has none. */
const struct operation_shape *shapes_find(const struct shapes *shapes, const char *method,
                                          struct text path);

/* Whether every answer of some form is checked for the rule. */
bool shapes_check_rule(const struct shapes *shapes, const char *rule);

/* The order in which what was made is deleted: prefixes like "/snapshots/". NULL past the last. */
const char *shapes_cleanup(const struct shapes *shapes, size_t i);

#endif
