/* Requests one after the other and what each is answered, as a table.
 *
 *     static const struct step steps[] = {
 *         { "POST /instances", "{'name':'web','image':'nginx'}", CREATED("'state':'Initializing'"),
 *           .keep = "web" },
 *         { "POST /instances/{web}/standby", NULL,
 *           REFUSED(409, "invalid_state", "invalid state transition: ..."), .before = { .wait_ms =
 * 1 } },
 *     };
 *     play(f, steps, ARRAY_LEN(steps));
 *
 * In bodies and in what is looked for ' stands for "; {web} anywhere for the id kept as "web". */
#ifndef TESTKIT_TESTS_UNIT_MOCK_API_SCRIPT_H
#define TESTKIT_TESTS_UNIT_MOCK_API_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

#include "mock/domain/image.h"
#include "mock/domain/instance.h"
#include "tests/unit/mock/api/api_fixture.h"

enum { SCRIPT_PARTS = 8 };

/* What a test can do beside the API. */
struct event {
    int wait_ms;
    const char *force;              /* the instance of that name or id ... */
    enum instance_state state;      /* ... into that state */
    const char *image;              /* that image ... */
    enum image_condition condition; /* ... is like that from now on */
};

struct step {
    const char *request; /* "GET /instances/web"; NULL: only what is in `before` */
    const char *body;    /* NULL: none */
    int status;
    /* A refusal: exactly this error, which a handler or a gate gave (ERR-005); without a message
     * the code alone, in whatever form. */
    const char *code, *message;
    bool gate;
    const char *has[SCRIPT_PARTS];   /* parts of the answer, in any order */
    const char *lacks[SCRIPT_PARTS]; /* likewise, that it must not have   */
    const char *is;                  /* the whole answer                  */
    const char *keep;                /* what the id in the answer is called from now on */
    struct event before;
};

#define OK(...)                     .status = 200, .has = { __VA_ARGS__ }
#define CREATED(...)                .status = 201, .has = { __VA_ARGS__ }
#define GONE                        .status = 204, .is = ""
#define LIST(text)                  .status = 200, .is = (text)
#define REFUSED(http, word, text)   .status = (http), .code = (word), .message = (text)
#define GATE(status, code, message) REFUSED(status, code, message), .gate = true
#define BAD_REQUEST(message)        GATE(400, "Bad Request", message)
#define UNKNOWN_ID                  GATE(404, "not_found", "resource not found") /* RESOLVE-001 */
#define BODY_ERROR(schema, detail)                                                                 \
    BAD_REQUEST("request body has an error: doesn't match schema #/components/schemas/" schema     \
                ": " detail)

/* Fails with the number of the step and the answer. Ids are kept for the one play. */
void play(struct api_fixture *f, const struct step *steps, size_t count);

#endif
