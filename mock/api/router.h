/* From method and path to operation: the table of routes, indexed once.
 * Immutable after router_new. */
#ifndef TESTKIT_MOCK_API_ROUTER_H
#define TESTKIT_MOCK_API_ROUTER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/scope.h"
#include "common/http/http.h"
#include "mock/api/params.h"
#include "mock/api/route.h"

struct router;

enum { ROUTER_MAX_ALLOWED = 8 };

enum route_result {
    ROUTE_FOUND,
    ROUTE_NO_PATH,       /* 404 TEXT (HTTP-020)                                         */
    ROUTE_NO_METHOD,     /* 405 with `allowed` (HTTP-022)                               */
    ROUTE_SHADOWED,      /* 405 JSON: a literal path hides a parameter's (HTTP-025)     */
    ROUTE_EMPTY_SEGMENT, /* 404 JSON: /instances//snapshots (SNAP-X-014)                */
};

struct route_match {
    const struct route *route;             /* ROUTE_FOUND                         */
    struct text captures[PATH_MAX_PARAMS]; /* still encoded, borrowed of the path */
    size_t capture_count;
    enum http_method allowed[ROUTER_MAX_ALLOWED]; /* ROUTE_NO_METHOD; may repeat       */
    size_t allowed_count;
};

/* table  ends with path NULL; borrowed. NULL when out of memory. Owned: router_free(). */
MUST_USE struct router *router_new(const struct route *table);
void router_free(struct router *router);

/* Literal segments are compared byte for byte, so nothing is normalised (HTTP-021). */
enum route_result router_find(const struct router *router, enum http_method method,
                              struct text path, struct route_match *out);

#endif
