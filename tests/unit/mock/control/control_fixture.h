/* A control with worlds on a fake clock, and literal requests to it. */
#ifndef TESTKIT_TESTS_UNIT_MOCK_CONTROL_CONTROL_FIXTURE_H
#define TESTKIT_TESTS_UNIT_MOCK_CONTROL_CONTROL_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mock/control/control.h"
#include "tests/support/fake_env.h"

enum { CONTROL_MAX_WORLDS = 8, CONTROL_JOURNAL_BYTES = 64 * 1024 };

struct control_fixture {
    struct fake_env fake; /* its clock is also the ticks */
    struct control_settings settings;
    struct control *control;
    const char *token;  /* of the next requests, with its scheme; NULL: no Authorization header */
    const char *header; /* X-Mock-World of the next requests; NULL: none                        */
    int status;         /* of the last answer                                                   */
    char answer[256 * 1024];
    char request_id[128];
    char allow[64]; /* "" without that header */
    char fault[32]; /* that it has; "": none */
    bool lost;      /* nothing of it is sent */
};

/* One that waits for its answer, or has it. */
struct control_client {
    struct control_fixture *f;
    struct arena arena;
    struct response res;
    bool ready;     /* it need not wait any more                                       */
    int64_t at_ns;  /* the fixture's world's time of that, if it had to wait           */
    unsigned order; /* the how-many-th that became so in this test                     */
};

/* cmocka setup and teardown; *state is the fixture. Worlds are virtual and have seed 1; the
 * API asks for no token. */
int control_setup(void **state);
int control_teardown(void **state);
/* Goes on with nothing but a default world, by f->settings as they are now. */
void control_restart(struct control_fixture *f);

/* One request, answered at once. target: "/path?query"; body: NULL for none. Returns the status. */
int ask(struct control_fixture *f, enum http_method method, const char *target, const char *body);
/* The same, and a turn. The status and a part of the answer are checked. */
void expect(struct control_fixture *f, enum http_method method, const char *target,
            const char *body, int status, const char *part);

/* A GET, and any request, of texts that outlive the client. Owned: client_end(). */
void client_begin(struct control_fixture *f, struct control_client *client, const char *target);
void client_begin_with(struct control_fixture *f, struct control_client *client,
                       enum http_method method, const char *target, const char *body);
void client_end(struct control_client *client);
/* It is ready, with this status and part of the answer. */
void expect_answered(const struct control_client *client, int status, const char *part);

/* Creates an instance that is Initializing for 250 ms. prefix: "" or "/_w/NAME" */
void given_instance(struct control_fixture *f, const char *prefix, const char *name);

#endif
