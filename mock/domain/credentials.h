/* The rules on the credentials of a new instance (INST-C-056 to 063). Pure. */
#ifndef TESTKIT_MOCK_DOMAIN_CREDENTIALS_H
#define TESTKIT_MOCK_DOMAIN_CREDENTIALS_H

#include <stdbool.h>

#include "common/base/error.h"
#include "common/base/mem.h"
#include "common/base/scope.h"
#include "mock/domain/instance.h"

/* Contents first, in the order given, then that egress is on, then that the named environment
 * variables are there and not blank.
 * mem      for working space during the call
 * Fails    NO_MEMORY
 *          INVALID_ARGUMENT, field "credentials", texts of instances.md 7.2. The reasons behind
 *          "invalid host pattern" are our own words: the contract names only the cases. */
MUST_USE bool credentials_check(const struct mem *mem, const struct instance_config *config,
                                struct error *err);

/* That every variable a credential names is there and not blank (INST-C-062, INST-C-063).
 * Fails    INVALID_ARGUMENT, field "credentials" */
MUST_USE bool credentials_check_env(const struct instance_config *config, struct error *err);

/* New values for environment variables: the config has credentials, and they name all of these
 * (INST-U-030, INST-U-031).
 * mem      for working space during the call
 * Fails    INVALID_ARGUMENT, field "env"; NO_MEMORY */
MUST_USE bool credentials_check_update(const struct mem *mem, const struct instance_config *config,
                                       struct pair_list env, struct error *err);

#endif
