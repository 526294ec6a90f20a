/* The answers that several nouns' operations give. */
#ifndef TESTKIT_MOCK_API_ANSWER_H
#define TESTKIT_MOCK_API_ANSWER_H

#include "mock/api/call.h"
#include "mock/domain/instance.h"

/* One Instance as it is now. */
void answer_instance(struct call *call, int status, const struct instance *instance);

#endif
