/* The rules on the credentials of a new instance (INST-C-056 to 063). Pure, no memory. */
#ifndef TESTKIT_MOCK_DOMAIN_CREDENTIALS_H
#define TESTKIT_MOCK_DOMAIN_CREDENTIALS_H

#include <stdbool.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "mock/domain/instance.h"

/* Contents first, in the order given, then that egress is on, then that the named environment
 * variables are there and not blank.
 * Fails    INVALID_ARGUMENT, field "credentials", texts of instances.md 7.2. The reasons behind
 *          "invalid host pattern" are our own words: the contract names only the cases. */
MUST_USE bool credentials_check(const struct instance_config *config, struct error *err);

#endif
