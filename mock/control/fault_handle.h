/* A request of the API in a world that may have faults. For this folder. */
#ifndef TESTKIT_MOCK_CONTROL_FAULT_HANDLE_H
#define TESTKIT_MOCK_CONTROL_FAULT_HANDLE_H

#include "common/http/http.h"
#include "mock/api/response.h"
#include "mock/control/served_world.h"

/* As api_handle in that world, and what its faults make of the request and the answer; an answer
 * that a fault has touched says which in res->trace. */
void fault_handle(struct served_world *world, const struct http_request *req, struct response *res);

#endif
