/* The door of the mock: every request comes in here, and is either one of the API, in the world it
 * chooses, or one of the control API under /_mock (docs/control-api.md).
 *
 * A request chooses its world by the path prefix /_w/NAME, which is taken off, else by the header
 * X-Mock-World, else, with world_by_token, by a bearer token that may be the name of a world;
 * otherwise it gets the default one.
 *
 * Pure, as the API is: no sockets or threads; what it knows of time comes in. Not thread-safe. */
#ifndef TESTKIT_MOCK_CONTROL_CONTROL_H
#define TESTKIT_MOCK_CONTROL_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "common/http/http.h"
#include "mock/api/response.h"
#include "mock/control/worlds.h"

struct control_settings {
    struct world_plan plan; /* of the default world, and of others where nothing else is said */
    struct worlds_settings worlds;
    /* A document that every new world begins with; borrowed for control_new. Empty: they begin
     * empty. */
    struct text start;
    bool enabled;      /* false: nothing under /_mock, nothing of it in answers, no journal */
    struct text token; /* that requests under /_mock must bear; empty: none is needed     */
    bool world_by_token;
    int64_t token_world_ttl_ns; /* of worlds made by their tokens; 0: for ever */
};

struct control;

/* settings  copied; what they borrow must outlive the control. Owned: control_free().
 * Fails     NO_MEMORY; INVALID_ARGUMENT as served_world_load() of the start */
MUST_USE bool control_new(const struct control_settings *settings, struct control **out,
                          struct error *err);
/* Every answer is over. NULL is fine. */
void control_free(struct control *control);

/* The truth of what the edge answers itself. */
enum truth control_truth(const struct control *control);

/* Answers one request; see api_handle. res->request_id says which it is of its world, NAME-n,
 * unless the control API is off. */
void control_handle(struct control *control, const struct http_request *req, struct response *res);
/* The answer has been sent, or given up: closes its stream, resets it and lets go of its world.
 * Also for a response that was never handed in. */
void control_end(struct control *control, struct response *res);

/* As their namesakes in api.h, over all worlds. */
void control_wait(struct control *control, struct response *res);
void control_forget(struct control *control, struct response *res);
void control_turn(struct control *control);
int64_t control_pause_ns(const struct control *control);
void control_finish(struct control *control);

/* For tests, which reach into a world. */
struct worlds *control_worlds(struct control *control);

#endif
