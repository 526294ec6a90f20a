/* Whether a request's Authorization header is good enough (common.md section 3). */
#ifndef TESTKIT_MOCK_API_AUTH_H
#define TESTKIT_MOCK_API_AUTH_H

#include <stddef.h>

#include "common/base/text.h"

/* For `--auth any`. header: its value, data NULL when absent.
 * NULL when accepted, else the reason for the 401 (AUTH-011 to AUTH-013). */
const char *auth_any_refusal(struct text header);

#endif
