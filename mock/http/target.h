/* The request target of a request line as path and query. Pure. */
#ifndef TESTKIT_MOCK_HTTP_TARGET_H
#define TESTKIT_MOCK_HTTP_TARGET_H

#include <stdbool.h>

#include "common/base/scope.h"
#include "common/base/text.h"

/* Splits "/p?q" and the absolute form "http://host/p?q" (HTTP-010); nothing is decoded.
 * path, query  borrowed from target.
 * False for anything else, and where a blank or control character stands in it (HTTP-004). */
MUST_USE bool target_split(struct text target, struct text *path, struct text *query);

#endif
