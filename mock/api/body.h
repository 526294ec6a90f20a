/* A request body as a tree in the request's arena.
 *
 * Unlike a general JSON library it keeps what the API's rules need to see: numbers as written
 * (BIND-003 quotes them), object members in ascending byte order of their keys (VALID-041 judges
 * in that order), the last of repeated keys (VALID-038), and broken UTF-8 replaced (VALID-039). */
#ifndef TESTKIT_MOCK_API_BODY_H
#define TESTKIT_MOCK_API_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/base/text.h"

enum body_kind { BODY_NULL, BODY_BOOL, BODY_NUMBER, BODY_STRING, BODY_ARRAY, BODY_OBJECT };

struct body_member;

struct body_value {
    enum body_kind kind;
    bool truth; /* BODY_BOOL */
    union {
        struct text text; /* BODY_STRING decoded, BODY_NUMBER as written */
        struct {
            struct body_value *items;
            size_t item_count;
        };
        struct {
            struct body_member *members; /* ascending by key, no key twice */
            size_t member_count;
        };
    };
};

struct body_member {
    struct text key;
    uint32_t order; /* among the members as written; 0 for one that a default put in */
    bool is_default;
    struct body_value value;
};

/* Reads the first JSON value of `source`; what follows it is ignored (VALID-035).
 * out    in the arena; texts may point into source, which must stay.
 * Fails  INVALID_ARGUMENT    not JSON, in the words of Go's decoder (VALID-034)
 *        RESOURCE_EXHAUSTED  nested deeper than JSON_MAX_DEPTH
 *        NO_MEMORY           also the arena's ceiling */
MUST_USE bool body_parse(struct text source, struct arena *arena, struct body_value *out,
                         struct error *err);

/* The member of that name, NULL when absent or when `object` is NULL. */
struct body_value *body_find(const struct body_value *object, const char *key);

/* Adds members to an object, keeping it sorted. False when out of memory. */
MUST_USE bool body_add_member(struct body_value *object, const char *key, struct body_value value,
                              struct arena *arena);

/* Typed reads of an object whose schema has been checked; the fallback when absent. */
struct text body_text(const struct body_value *object, const char *key, const char *fallback);
bool body_bool(const struct body_value *object, const char *key, bool fallback);
int64_t body_i64(const struct body_value *object, const char *key, int64_t fallback);

/* True for a number without a fractional part, however written: 3, 3.0, 30e-1 (VALID-040). */
bool body_number_is_whole(struct text number);
/* Near enough to compare with a schema's limits. */
double body_number_estimate(struct text number);

#endif
