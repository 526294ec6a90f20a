/* One operation of the API as data: everything the pipeline needs to judge a request for it. */
#ifndef TESTKIT_MOCK_API_ROUTE_H
#define TESTKIT_MOCK_API_ROUTE_H

#include <stdbool.h>

#include "common/base/error.h"
#include "common/http/http.h"
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
 * in the route's own rows, then in the rows all routes share. */
struct error_row {
    enum error_code when;
    int status;
    const char *code;
    const char *field; /* of the error; NULL: any */
};

struct route {
    enum http_method method;
    enum body_rule body;
    const char *path; /* "/instances/{id}" */
    const char *operation_id;
    const char *scope;              /* NULL: public, no token needed */
    const struct param_rule *query; /* in the order of openapi.yaml; NULL when none */
    const struct schema *schema;    /* of the body */
    enum resolver resolver;
    const struct error_row *errors; /* ends with ERROR_NONE; NULL when none */
    const char *failure;            /* what the client reads when the fault is ours */
    /* Does the work and writes the answer. NULL: not implemented, 501. */
    bool (*run)(struct call *call, struct error *err);
};

/* All operations; the table ends with path NULL. */
extern const struct route routes[];

#endif
