/* The shape of a JSON value as data, and the check against it.
 *
 * A schema says what openapi.yaml says; the messages are those of the validator in front of the
 * real server (VALID-010 to VALID-018), and so is the order in which faults are looked for
 * (VALID-041, VALID-042, INST-X-044): type, size, present members in ascending byte order, missing
 * members in the schema's order. One fault is reported. */
#ifndef TESTKIT_MOCK_API_SCHEMA_H
#define TESTKIT_MOCK_API_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "mock/api/body.h"
#include "mock/api/pattern.h"

enum schema_type {
    SCHEMA_STRING,
    SCHEMA_INTEGER,
    SCHEMA_BOOLEAN,
    SCHEMA_ARRAY,
    SCHEMA_OBJECT, /* named members; others are accepted and ignored (VALID-036) */
    SCHEMA_MAP,    /* any members, all of one schema                             */
};

/* A limit of 0 is none, except for integers, which say has_min and has_max. */
struct schema {
    enum schema_type type;
    bool nullable;                       /* null is as good as absent                       */
    const char *name;                    /* the component's name; NULL for an inline schema */
    const char *const *names;            /* STRING: the allowed values, NULL-terminated     */
    const struct pattern *pattern;       /* STRING */
    const struct pattern *date_time;     /* STRING with `format: date-time`                 */
    size_t max_length;                   /* STRING: characters                              */
    bool has_min, has_max;               /* INTEGER */
    int64_t min, max;                    /* INTEGER */
    size_t min_items;                    /* ARRAY */
    size_t min_members, max_members;     /* MAP */
    const struct schema *items;          /* ARRAY, MAP: of each one */
    const struct schema_member *members; /* OBJECT: required ones first, in the schema's order;
                                            ends with name NULL */
};

enum schema_default { DEFAULT_NONE, DEFAULT_TEXT, DEFAULT_NUMBER, DEFAULT_FALSE, DEFAULT_TRUE };

struct schema_member {
    const char *name;
    const struct schema *schema;
    bool required;
    enum schema_default fill; /* put in when the member is absent or null (INST-X-045) */
    const char *value;        /* of DEFAULT_TEXT, and of DEFAULT_NUMBER as written     */
};

/* Checks `value` and fills in defaults (VALID-043).
 * Fails  INVALID_ARGUMENT  message: the validator's "detail", e.g.
 *                          Error at "/kind": property "kind" is missing
 *        NO_MEMORY         for a default */
MUST_USE bool schema_check(const struct schema *schema, struct body_value *value,
                           struct arena *arena, struct error *err);

/* The second, stricter reading: integers must be written as such and fit 64 bits (BIND-003), dates
 * must exist (NEW-045), and a member counts under any letter case (BIND-004): the value that wins
 * is put under the exact name.
 * value  one that passed schema_check.
 * Fails  INVALID_ARGUMENT         json: cannot unmarshal number 3.0 into Go struct field ...
 *        INVALID_ARGUMENT "name"  a name under another case that is none, in the operations' words
 *                                 (SNAP-X-026)
 *        NO_MEMORY */
MUST_USE bool schema_bind(const struct schema *schema, struct body_value *value,
                          struct arena *arena, struct error *err);

/* Checks one string against a SCHEMA_STRING: enum, length, pattern. The message has no pointer. */
MUST_USE bool schema_check_text(const struct schema *schema, struct text t, struct error *err);

#endif
