/* Path and query parameters: decoding, the validator's checks, and the stricter binding after
 * resolution. */
#ifndef TESTKIT_MOCK_API_PARAMS_H
#define TESTKIT_MOCK_API_PARAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/base/text.h"
#include "common/http/query.h"
#include "mock/api/ledger.h"

enum param_type {
    PARAM_STRING,
    PARAM_ENUM,
    PARAM_BOOLEAN,
    PARAM_INTEGER, /* of 64 bits */
    PARAM_TAGS,    /* deep object: tags[team]=backend */
};

struct param_rule {
    const char *name; /* NULL ends a list */
    enum param_type type;
    bool required;
    const char *const *names; /* PARAM_ENUM: NULL-terminated            */
    const char *fallback;     /* the default's text; NULL when it has none */
};

enum { PARAM_MAX_TAGS = 50, PARAM_MAX_QUERY_PAIRS = 8192, PATH_MAX_PARAMS = 2 };

struct tag_filter_pair {
    struct text key;
    struct text value;
};

struct tag_filter {
    struct tag_filter_pair pairs[PARAM_MAX_TAGS];
    size_t count;
    bool impossible; /* asked for in a way that matches nothing (TAG-034) */
};

/* Step 5 of the pipeline: every rule's parameter, in the rules' order.
 * truth  whether the keys of a tag filter are judged as well (TAG-028).
 * tags   filled when a PARAM_TAGS rule is there.
 * Fails  INVALID_ARGUMENT  message: parameter "kind" in query has an error: ... */
MUST_USE bool params_check(const struct param_rule *rules, const struct query *query,
                           enum truth truth, struct tag_filter *tags, struct error *err);

/* Step 9: a scalar twice, or empty where the default is added behind it (BIND-002).
 * Fails  INVALID_ARGUMENT  message: Invalid format for parameter kind: ... */
MUST_USE bool params_bind(const struct param_rule *rules, const struct query *query,
                          struct error *err);

/* The value of a checked parameter, its default when absent; data NULL for neither. */
struct text params_get(const struct param_rule *rules, const struct query *query, const char *name);
/* The same as a boolean (VALID-052). */
bool params_get_bool(const struct param_rule *rules, const struct query *query, const char *name);
/* The same as an integer (VALID-051). */
int64_t params_get_integer(const struct param_rule *rules, const struct query *query,
                           const char *name);

/* One identifier of a path. */
struct path_param {
    struct text value;      /* decoded; what look-ups use                              */
    struct text bad_escape; /* "%zz" when the second decoding failed, else data NULL   */
};

/* Whether Go's router would see this path decoded already (PATH-002): its escapes are exactly the
 * ones Go's own encoder would have written. */
bool path_is_canonical(struct text path);

/* Decodes one segment of a path that decodes as a whole: once, and when the path is canonical once
 * more, keeping the once-decoded text where that fails (PATH-003).
 * Fails  NO_MEMORY */
MUST_USE bool path_param_decode(struct text segment, bool canonical, struct arena *arena,
                                struct path_param *out, struct error *err);

/* True when every '%' is followed by two hex digits (HTTP-004). */
bool path_decodes(struct text path);

#endif
