/* One request of the control API on its way, and how an operation answers it. For this folder. */
#ifndef TESTKIT_MOCK_CONTROL_CONTROL_CALL_H
#define TESTKIT_MOCK_CONTROL_CONTROL_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/http/http.h"
#include "common/http/query.h"
#include "common/json/json_document.h"
#include "common/json/json_writer.h"
#include "mock/api/response.h"
#include "mock/control/control.h"
#include "mock/control/worlds.h"
#include "mock/domain/instance.h"

enum {
    CONTROL_MAX_PARAMS = 2,
    CONTROL_MAX_BODY = 64 * 1024, /* of a request */
    CONTROL_TIME_BYTES = 40,      /* of a moment in RFC 3339 */
};

/* Everything is borrowed for the request. */
struct control_call {
    const struct control_settings *settings;
    struct worlds *worlds;
    struct served_world *world; /* the one the request chose */
    const struct http_request *req;
    struct response *res;
    struct text params[CONTROL_MAX_PARAMS]; /* of the path, decoded, in its order     */
    struct query query;                     /* names that the route knows             */
    struct json_at body;                    /* an object, or an array where the route
                                               takes one; absent when there was none  */
};

enum control_body { CONTROL_NO_BODY, CONTROL_BODY_OPTIONAL, CONTROL_BODY, CONTROL_BODY_OR_LIST };

struct control_route {
    enum http_method method;
    enum control_body body;
    const char *path;         /* "/_mock/worlds/{name}"                        */
    const char *const *query; /* names of parameters, NULL at the end; or NULL */
    bool is_document;         /* a body of any size that the edge lets in      */
    bool is_public;           /* the token of the control API is not asked for */
    /* Answers, or says why not; what is wrong with a request is found before anything changes. */
    bool (*run)(struct control_call *call, struct error *err);
};
extern const struct control_route control_routes[]; /* ends with path NULL */

/* Answers with what is told of a world. Who makes or replaces one answers first:
 * Fails  NO_MEMORY */
MUST_USE bool control_reply_world(struct control_call *call, int status,
                                  const struct served_world *world, struct error *err);
/* Puts the world, which has its name, in the place of the one that the request chose, and answers
 * with it. Its faults are those of the one before, or none. Consumed, also on failure.
 * Fails  NO_MEMORY */
MUST_USE bool control_replace_world(struct control_call *call, struct served_world *world,
                                    bool keep_faults, struct error *err);
/* Begins a JSON answer; the caller writes one value with the writer. */
struct json_writer control_reply(struct control_call *call, int status);
/* 204 */
bool control_reply_empty(struct control_call *call);

/* Members of an object. Absent and not required: true with *out untouched.
 * Fail  INVALID_ARGUMENT  field and message name the path of the member */

/* A duration as Go writes it ("10m"), above 0. */
MUST_USE bool control_get_duration(const struct json_at *obj, const char *key, bool required,
                                   int64_t *out_ns, struct error *err);
/* A moment in RFC 3339, within what a world's clock shows. */
MUST_USE bool control_get_time(const struct json_at *obj, const char *key, bool required,
                               int64_t *out_ns, struct error *err);
/* A required "state" of instances. */
MUST_USE bool control_get_state(const struct json_at *obj, enum instance_state *out,
                                struct error *err);
/* One of the names, NULL-terminated; proposes the nearest. */
MUST_USE bool control_get_choice(const struct json_at *obj, const char *key, bool required,
                                 const char *const *names, size_t *out, struct error *err);

void control_append_time(struct buffer *out, int64_t at_ns);
/* A moment, or null for INT64_MAX, which is never. */
void control_write_time(struct json_writer *w, const char *key, int64_t at_ns);

/* --- the operations of control_routes.c ----------------------------------------------------- */

bool op_get_page(struct control_call *call, struct error *err);
bool op_list_worlds(struct control_call *call, struct error *err);
bool op_create_world(struct control_call *call, struct error *err);
bool op_get_world(struct control_call *call, struct error *err);
bool op_delete_world(struct control_call *call, struct error *err);
bool op_reset_world(struct control_call *call, struct error *err);
bool op_get_overview(struct control_call *call, struct error *err);
bool op_get_state(struct control_call *call, struct error *err);
bool op_put_state(struct control_call *call, struct error *err);
bool op_get_clock(struct control_call *call, struct error *err);
bool op_set_clock(struct control_call *call, struct error *err);
bool op_advance_clock(struct control_call *call, struct error *err);
bool op_list_faults(struct control_call *call, struct error *err);
bool op_create_faults(struct control_call *call, struct error *err);
bool op_delete_faults(struct control_call *call, struct error *err);
bool op_get_fault(struct control_call *call, struct error *err);
bool op_delete_fault(struct control_call *call, struct error *err);
bool op_get_journal(struct control_call *call, struct error *err);
bool op_clear_journal(struct control_call *call, struct error *err);
bool op_follow_journal(struct control_call *call, struct error *err);
bool op_verify(struct control_call *call, struct error *err);
bool op_get_verdicts(struct control_call *call, struct error *err);
bool op_explain(struct control_call *call, struct error *err);
bool op_list_transitions(struct control_call *call, struct error *err);
bool op_get_subject(struct control_call *call, struct error *err);
bool op_hold_transition(struct control_call *call, struct error *err);
bool op_step_transition(struct control_call *call, struct error *err);
bool op_release_transition(struct control_call *call, struct error *err);
bool op_fail_transition(struct control_call *call, struct error *err);
bool op_delay_transition(struct control_call *call, struct error *err);
bool op_force_state(struct control_call *call, struct error *err);
bool op_exit_guest(struct control_call *call, struct error *err);
bool op_set_connections(struct control_call *call, struct error *err);
bool op_set_probes(struct control_call *call, struct error *err);
bool op_get_compression(struct control_call *call, struct error *err);
bool op_hold_compression(struct control_call *call, struct error *err);
bool op_end_compression(struct control_call *call, struct error *err);
bool op_fail_compression(struct control_call *call, struct error *err);
bool op_list_images(struct control_call *call, struct error *err);
bool op_set_image(struct control_call *call, struct error *err);
bool op_get_capacity(struct control_call *call, struct error *err);
bool op_set_capacity(struct control_call *call, struct error *err);
bool op_get_coverage(struct control_call *call, struct error *err);

#endif
