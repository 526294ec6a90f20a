/* The mock's HTTP API without HTTP: one request value in, one response value out.
 *
 * Pure: no sockets, clock or threads of its own; all state is the world's. Not thread-safe. */
#ifndef TESTKIT_MOCK_API_API_H
#define TESTKIT_MOCK_API_API_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "common/http/http.h"
#include "mock/api/ledger.h"
#include "mock/api/response.h"
#include "mock/domain/world.h"

struct instance;
struct router;

enum auth_mode {
    AUTH_ANY, /* any non-empty bearer token                   */
    AUTH_OFF, /* tokens are not looked at                     */
    AUTH_JWT, /* JSON Web Tokens that the secret has signed   */
};

struct api_settings {
    enum auth_mode auth;
    /* The HMAC key of AUTH_JWT, 1 to INT_MAX bytes (AUTH-022; not the empty one of AUTH-025, which
     * everybody knows). Borrowed; must outlive the api. */
    struct text jwt_secret;
    enum truth truth;
    bool tag_scripts; /* tags that begin with "mock." say what is to happen (tag_script.h) */
    bool vivify;      /* what a request names springs into being (vivify.h) */
    /* Of the table `routes`; borrowed, for those who make many. NULL: one of its own. */
    const struct router *router;
};

/* One world as clients see it. */
struct api;

/* NULL when out of memory. Owned: api_free().
 * world  borrowed; must outlive the api and every response in progress */
MUST_USE struct api *api_new(struct world *world, const struct api_settings *settings);
void api_free(struct api *api);

/* Answers one request: route -> auth -> params -> body -> scope -> resolve -> bind -> operate ->
 * encode (common.md section 2; the first step that refuses decides the answer).
 * req   borrowed for the call; its texts until the response is reset
 * res   reset; filled completely, or waiting (res->waiting): then there is no answer yet. A stream
 *       in it lives on until response_reset. */
void api_handle(struct api *api, const struct http_request *req, struct response *res);

/* What a request is about, as far as its path says. */
struct api_subject {
    const char *operation_id;        /* static; NULL: no operation's path and method    */
    const struct instance *instance; /* that the path names; NULL: none. Borrowed until
                                        the world changes                               */
};

/* Looks where api_handle would take the request, without doing anything of it, and notes that in
 * res->trace.
 * Fails  NO_MEMORY */
MUST_USE bool api_identify(struct api *api, const struct http_request *req, struct response *res,
                           struct api_subject *out, struct error *err);

/* Answers that wait. The api keeps track of them, so a response must not go away while it waits. */

/* For an answer whose stream, in the middle, has nothing to send. */
void api_wait(struct api *api, struct response *res);
/* Its client has left: nothing more will be computed for it. */
void api_forget(struct api *api, struct response *res);
/* Lets time and the world go on, and calls `ready` for each answer that waited and can now be sent,
 * or sent on. To be called whenever requests have been handled, and when api_pause_ns has passed.
 */
void api_turn(struct api *api, void (*ready)(struct response *res));
/* In the next turn all of them look again, though nothing in the world has changed. */
void api_look_again(struct api *api);
/* Nanoseconds until something is due by itself; INT64_MAX for never. */
int64_t api_pause_ns(const struct api *api);
/* The moment of the world's clock for which that is; INT64_MAX for never. */
int64_t api_due_ns(const struct api *api);
/* Whether that moment is over, and what was due then could not be done for lack of memory. */
bool api_is_behind(const struct api *api);
/* Whether some request waits for its answer, or for a moment, and time brings it: not only the next
 * piece of a stream, or a test that lets it go on. */
bool api_has_waits(const struct api *api);
/* How many answers and streams wait. */
size_t api_waiting_count(const struct api *api);
/* From the next turn on nobody waits: answers are given as at the end of their wait, and streams
 * that have nothing to send are over. */
void api_finish(struct api *api);

#endif
