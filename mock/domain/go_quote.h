/* Text in double quotes the way Go's %q writes it, for messages that quote user input (TAG-014). */
#ifndef TESTKIT_MOCK_DOMAIN_GO_QUOTE_H
#define TESTKIT_MOCK_DOMAIN_GO_QUOTE_H

#include <stddef.h>

#include "common/base/text.h"

/* Long enough for any quoted text that still fits an error message. */
enum { GO_QUOTED_MAX = 1024 };

struct go_quoted {
    char text[GO_QUOTED_MAX]; /* NUL-terminated; cut, without its end quote, when too long */
};

/* Escapes quotes, backslashes, control characters, invalid UTF-8 (\xNN) and unprintable code
 * points (\uNNNN, \UNNNNNNNN). Used as: error_set(err, ..., "key %s", go_quote(key).text). */
struct go_quoted go_quote(struct text t);

#endif
