/* Why a request is refused, by rule: the table that turns where and how into docs/contract. */
#ifndef TESTKIT_MOCK_API_REASONS_H
#define TESTKIT_MOCK_API_REASONS_H

#include <stddef.h>
#include <stdint.h>

#include "mock/api/trace.h"
#include "mock/domain/instance.h"

struct reason {
    enum pipeline_step step;
    const char *operation; /* "createInstance"; NULL: any                */
    const char *code;      /* of the answer; NULL: any                   */
    const char *field;     /* of the operation's error; NULL: any        */
    const char *rules;     /* ids of docs/contract, a blank between; may be empty */
    const char *because;   /* a sentence                                 */
};
/* Ends with because NULL. A more particular row stands before a more general one. */
extern const struct reason reasons[];

/* The first row that fits a refusal; NULL for an answer that is none. */
const struct reason *reason_find(const struct trace *trace);

/* "its path": what the step looks at. "" for STEP_NONE. */
const char *pipeline_step_name(enum pipeline_step step);

/* From which states an operation on an instance does what it is for, or has nothing to do
 * (instances.md 10.1). Others depend on more than the state, or on nothing. */
struct permission {
    const char *operation;
    uint32_t from;    /* a bit per state                          */
    const char *with; /* what has to be asked for; "" for nothing */
};
extern const struct permission permissions[]; /* ends with operation NULL */

#define FROM_STATE(state) (UINT32_C(1) << (state))

#endif
