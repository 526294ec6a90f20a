/* What a case expects of a JSON value, and how far a value is from it.
 *
 * A matcher is JSON as well. A scalar stands for itself. An object stands for one that has at least
 * these members, an array for one of just these items in this order. An object whose names begin
 * with '$' is a list of conditions that must all hold:
 *
 *   "$absent": true       the member is not there
 *   "$present": true      it is, maybe as null
 *   "$type": "integer"    string, integer, number, boolean, object, array or null
 *   "$pattern": "^a+$"    POSIX extended
 *   "$min": 1, "$max": 9  of a number
 *   "$length": 3          characters, items or members; or {"min": 1, "max": 3}
 *   "$in": [..]           one of these
 *   "$set": [..]          these items in any order
 *   "$contains": M        an item, or part of a text
 *   "$each": M            every item
 *   "$exact": {..}        equal, no member more
 *   "$not": M             the matcher M does not fit
 *   "$ordered_by": "/id"  items ascend by what the JSON pointer says; "-/id": they descend */
#ifndef TESTKIT_CONFORMANCE_SUITE_MATCH_H
#define TESTKIT_CONFORMANCE_SUITE_MATCH_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/json/json_document.h"

/* One thing that is not as it should be; everything stands in the arena. */
struct mismatch {
    const char *path;     /* JSON pointer into the answer's body, or "status", "header X" */
    const char *expected; /* for a person */
    const char *got;
    const char *rule; /* that is broken; NULL: those the step cites */
    struct mismatch *next;
};

struct match_report {
    struct arena *arena; /* borrowed; mismatches that find no room are counted only */
    struct mismatch *first;
    struct mismatch *last;
    size_t mismatches;
    size_t checks;   /* conditions that were looked at */
    bool of_message; /* the value was a protobuf message, which has one way to say absent, null,
                        zero and empty: a value that is one of these fits what any of them fits */
};

/* Judges a matcher before it is used.
 * Fails  INVALID_ARGUMENT  an unknown condition (with the nearest name), a value it cannot have */
MUST_USE bool match_check(const struct json_at *matcher, struct error *err);

/* Adds to the report what does not fit.
 * value  NULL when absent
 * path   where the value stands: "" for the whole body */
bool match(const json_t *matcher, const json_t *value, const char *path,
           struct match_report *report);

/* One check whose result is known. Returns fits. */
bool match_note(struct match_report *report, bool fits, const char *path, const char *expected,
                const char *got);
/* The value as compact JSON, cut when long; "nothing" when absent. In the arena. */
const char *match_show(struct arena *arena, const json_t *value);

/* What a JSON pointer (RFC 6901) leads to; NULL when nothing. Borrowed from the value. */
json_t *match_pointer(const json_t *value, const char *pointer);

#endif
