/* The parts of a failure that several reports tell. */
#ifndef TESTKIT_CONFORMANCE_SUITE_EXPLAIN_H
#define TESTKIT_CONFORMANCE_SUITE_EXPLAIN_H

#include "common/base/buffer.h"
#include "conformance/suite/run.h"

/* The shell command that sends the exchange's request again; the token is "$TOKEN". */
void explain_curl(const struct run *run, const struct exchange *exchange, struct buffer *out);

/* Everything about a result that did not pass, as lines without colour, each with `indent` before
 * it: broken rules with their sentences, what was expected and what came, the steps before, how to
 * see it again. */
void explain_result(const struct run *run, const struct result *result, const char *indent,
                    struct buffer *out);

/* Every exchange with its headers and bodies. */
void explain_transcript(const struct result *result, const char *indent, struct buffer *out);

/* One line: why it is not a pass. */
void explain_short(const struct result *result, struct buffer *out);

#endif
