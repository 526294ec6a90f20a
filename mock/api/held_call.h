/* Requests whose transition a test holds (mock/domain/transition_control.h): what they ask for is
 * done, and answered, when it is let go on. */
#ifndef TESTKIT_MOCK_API_HELD_CALL_H
#define TESTKIT_MOCK_API_HELD_CALL_H

#include <stdbool.h>

#include "mock/api/call.h"

/* Whether the call, of which nothing is left but to operate, has to wait first. */
bool held_call_must_wait(const struct call *call);
/* Makes its response wait; false, with an answer, when memory lacks.
 * carry_out  does what it asks for, and answers; false for a refusal */
bool held_call_wait(struct call *call, bool (*carry_out)(struct call *call));

#endif
