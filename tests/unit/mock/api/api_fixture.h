/* An api on an empty world with a fake clock, and literal requests to it. */
#ifndef TESTKIT_TESTS_UNIT_MOCK_API_API_FIXTURE_H
#define TESTKIT_TESTS_UNIT_MOCK_API_API_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mock/api/api.h"
#include "mock/api/response.h"
#include "tests/support/fake_env.h"

struct api_fixture {
    struct fake_env fake;
    struct world *world;
    struct api *api;
    struct arena arena;
    struct response res;
    char *answer;      /* body of the last answer, streamed pieces joined; NUL-terminated */
    size_t pieces;     /* of the last answer: 1, more when it was streamed */
    const char *token; /* of the next requests; NULL sends no Authorization header */
    struct buffer signed_token; /* what given_claims made */
    const char *content_type;   /* of the next requests with a body; NULL sends none */
    char id[32];                /* of the last resource created */
    enum truth truth;           /* after the next api_restart; at first TRUTH_SPEC */
    bool vivify;                /* likewise */
    const char *about;          /* of a table's row: said when an expectation fails; or NULL */
};

/* cmocka setup and teardown; *state is the fixture. Tokens are sent, bodies are JSON. */
int api_setup(void **state);
int api_teardown(void **state);

/* Goes on with an empty world of other settings, its quirks being those of f->truth. */
void api_restart(struct api_fixture *f, const struct world_settings *settings);
/* Goes on with an empty world as it is by default, in that truth. */
void given_truth(struct api_fixture *f, enum truth truth);
/* The next requests' tokens are judged this way; with AUTH_JWT, by a secret of the fixture's. */
void given_auth(struct api_fixture *f, enum auth_mode mode);
/* The next requests' token is signed with that secret and claims this. */
void given_claims(struct api_fixture *f, const char *claims);

/* target: "/path?query". body: NULL for none. */
void send_request(struct api_fixture *f, enum http_method method, const char *target,
                  const char *body);
void get(struct api_fixture *f, const char *target);
void post(struct api_fixture *f, const char *target, const char *body);

/* f->id becomes the id in the last answer. */
void keep_id(struct api_fixture *f);

/* A client of its own beside the fixture's, whose answer may wait. */
struct api_client {
    struct api *api;
    struct arena arena;
    struct response res;
    struct buffer received; /* of the body */
    bool answered;          /* the head is there */
    bool ended;             /* and all of the body */
};

/* GET target. Owned: client_leave(), whatever has come of it. */
void client_get(struct api_fixture *f, struct api_client *client, const char *target);
void client_leave(struct api_client *client);
/* Lets the clock run this long, then the api, whose clients receive what is there for them. */
void pass(struct api_fixture *f, int64_t ns);
/* The client has received this, and all. */
void expect_received(const struct api_client *client, int status, const char *body);

/* Creates and waits for boot; f->id is the new id. */
void given_instance(struct api_fixture *f, const char *body);
/* Of the instance, kind Standby, with these members besides; f->id is the new id. */
void given_snapshot(struct api_fixture *f, const char *instance, const char *members);

/* {"code":"...","message":"..."} */
void write_error(struct buffer *out, const char *code, const char *message);

/* Status, content type application/json and the exact body. */
void expect_json(struct api_fixture *f, int status, const char *body);
void expect_status(struct api_fixture *f, int status);
/* A part of the body. */
void expect_contains(struct api_fixture *f, const char *part);
void expect_lacks(struct api_fixture *f, const char *part);
/* 400 {"code":"Bad Request","message":"..."}: the message, without JSON escapes; by f->truth they
 * are put in or not (VALID-002). */
void expect_bad_request(struct api_fixture *f, const char *message);
/* 400 as above, or the server's plain text (BIND-001, BIND-002, BIND-003). */
void expect_binding_error(struct api_fixture *f, const char *message);
/* Plain text with a line feed, and no guessing of its type. */
void expect_text(struct api_fixture *f, int status, const char *text);
/* status {"code":"...","message":"..."} with a line feed. */
void expect_error(struct api_fixture *f, int status, const char *code, const char *message);

#endif
