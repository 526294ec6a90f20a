/* What the pipeline found out about a request on its way, for those who keep a record of it. */
#ifndef TESTKIT_MOCK_API_TRACE_H
#define TESTKIT_MOCK_API_TRACE_H

#include <stdbool.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "mock/domain/resource_id.h"

struct route;

/* common.md section 2, in its order. */
enum pipeline_step {
    STEP_NONE, /* no step has refused */
    STEP_TARGET,
    STEP_ROUTE,
    STEP_TOKEN,
    STEP_IMPLEMENTED,
    STEP_PARAMETERS,
    STEP_BODY,
    STEP_SCOPE,
    STEP_INSTANCE,
    STEP_BINDING,
    STEP_OPERATION,
    PIPELINE_STEP_COUNT,
};

/* Texts live in the response's arena, or are static. All zero: nothing is known yet. */
struct trace {
    const struct route *route;   /* NULL: none fits the request                       */
    enum pipeline_step refused;  /* by which step                                     */
    struct resource_id instance; /* zero: none is named, or it is not there           */
    struct resource_id snapshot; /* likewise                                          */
    struct resource_id made;     /* the instance that it made, as a fork of another   */
    const char *code;            /* of an error's answer; NULL: none, or a plain text */
    const char *message;         /* likewise, as told; NULL also when out of memory   */
    enum error_code cause;       /* what the operation said; ERROR_NONE: nothing      */
    const char *field;           /* likewise; "" or NULL: the whole request           */
    const char *fault;           /* id of the rule that spoilt the answer; NULL: none */
    bool unapplied;              /* with `fault`: the request was never applied       */
};

static inline bool trace_has(const struct resource_id *id)
{
    return id->chars[0] != '\0';
}

/* An id; nothing when it is none by its length. */
static inline void trace_set(struct resource_id *id, struct text text)
{
    if (text.len != RESOURCE_ID_LEN)
        return;
    for (size_t i = 0; i < RESOURCE_ID_LEN; i++)
        id->chars[i] = text.data[i];
}

#endif
