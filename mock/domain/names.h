/* Looking an enumerator up by its name in a table indexed by the enum. */
#ifndef TESTKIT_MOCK_DOMAIN_NAMES_H
#define TESTKIT_MOCK_DOMAIN_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/scope.h"
#include "common/base/text.h"

/* False, *index untouched, when no row has exactly that name. Empty rows never match. */
MUST_USE bool names_find(const char *const *names, size_t count, struct text name, size_t *index);

#endif
