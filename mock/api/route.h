/* One operation of the API as data: everything the pipeline needs to judge a request for it. */
#ifndef TESTKIT_MOCK_API_ROUTE_H
#define TESTKIT_MOCK_API_ROUTE_H

#include <stdbool.h>

#include "common/base/error.h"
#include "common/http/http.h"
#include "mock/api/ledger.h"
#include "mock/api/params.h"
#include "mock/api/schema.h"

struct call;

enum body_rule {
    BODY_IGNORED,       /* whatever is sent (HTTP-012)               */
    BODY_JSON,          /* required, application/json, fits `schema` */
    BODY_JSON_OPTIONAL, /* likewise, but an empty one counts as {} (VALID-033) */
};

enum resolver {
    RESOLVE_NOTHING,
    RESOLVE_INSTANCE, /* the first path parameter: id, name or id prefix */
};

/* How an operation's error reaches the client. Looked up by code and field, then code alone; first
 * in the route's own rows, then in the rows all routes share. A 500 hides the error's message
 * behind the route's own sentence (ERR-006). */
struct error_row {
    enum error_code when; /* ERROR_NONE ends a table */
    int status;
    const char *code;
    const char *field; /* of the error; NULL: any */
    /* Where the API description promises another answer than the real server gives; else nothing,
     * and status and code hold in both truths. */
    enum divergence differs;
    int spec_status;
    const char *spec_code;
};

/* The second half of a row of which the first is the real server's answer. */
#define BUT_SPEC(divergence, status, code)                                                         \
    .differs = DIVERGENCE_##divergence, .spec_status = (status), .spec_code = (code)

struct route {
    enum http_method method;
    enum body_rule body;
    const char *path; /* "/instances/{id}" */
    const char *operation_id;
    const char *scope;              /* NULL: public, no token needed */
    const struct param_rule *query; /* in the order of openapi.yaml; NULL when none */
    const struct schema *schema;    /* of the body */
    enum resolver resolver;
    const struct error_row *errors; /* NULL when none */
    const char *failure;            /* what the client reads when the fault is ours */
    /* Does the work and writes the answer. NULL: not implemented, 501. */
    bool (*run)(struct call *call, struct error *err);
};

/* All operations; the table ends with path NULL. */
extern const struct route routes[];

#endif
