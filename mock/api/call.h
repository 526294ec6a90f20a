/* One request on its way through the pipeline, and how a step refuses it. */
#ifndef TESTKIT_MOCK_API_CALL_H
#define TESTKIT_MOCK_API_CALL_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/http/http.h"
#include "common/http/query.h"
#include "mock/api/auth.h"
#include "mock/api/body.h"
#include "mock/api/ledger.h"
#include "mock/api/params.h"
#include "mock/api/response.h"
#include "mock/api/route.h"
#include "mock/domain/instance.h"
#include "mock/domain/world.h"

struct api;

/* Everything is borrowed for the request. */
struct call {
    const struct api *api;
    enum truth truth;
    struct world *world;
    const struct http_request *req;
    struct response *res;
    struct arena *arena; /* the response's */
    bool tag_scripts;    /* api_settings   */

    const struct route *route;
    struct path_param params[PATH_MAX_PARAMS]; /* in the path's order */
    struct token token;                        /* what it allows      */
    struct query query;
    const struct tag_filter *tags;   /* of routes with a tags parameter */
    struct body_value body;          /* of routes with a JSON body: checked, defaults filled in */
    const struct instance *instance; /* of routes that resolve one; until the world changes */
};

/* A gate's refusal: JSON without a final line feed (ERR-004, ERR-005, RESOLVE-001). Returns false.
 */
bool call_refuse(struct call *call, int status, const char *code, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* The refusal of the validator in front of the operations: 400 `Bad Request` (VALID-001). The real
 * server makes it without escaping (VALID-002, VALID-004). Returns false. */
bool call_refuse_invalid(struct call *call, const char *format, ...) PRINTF_LIKE(2, 3);

/* The request needs more memory than one request gets. Returns false. */
bool call_refuse_no_memory(struct call *call);

/* Writes what an operation's error means for its client (route->errors). */
void call_write_error(struct call *call, const struct error *err);

/* The query parameter's value or default; data NULL when absent. */
struct text call_param(const struct call *call, const char *name);

/* The tag filter of the query as the domain takes it; in the arena.
 * Fails  NO_MEMORY */
MUST_USE bool call_tag_filter(struct call *call, struct pair_list *out, struct error *err);

#endif
