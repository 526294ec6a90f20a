/* The text of a request as curl wants it: its target, and its header lines in a list.
 *
 * This is where bytes from a client turn into lines of HTTP, so nothing that could end a line
 * passes. */
#ifndef TESTKIT_GATEWAY_UPSTREAM_REQUEST_LINES_H
#define TESTKIT_GATEWAY_UPSTREAM_REQUEST_LINES_H

#include <stdbool.h>

#include "common/base/scope.h"

struct transfer;

/* Fills transfer->lines (the target, NUL-terminated, comes first) and transfer->nodes (a list
 * whose texts lie in `lines`) from transfer->exchange. Both keep their memory for the next one.
 * False when the request must not be sent; the exchange's outcome, FAILED, and detail are then
 * written. */
MUST_USE bool request_lines_write(struct transfer *transfer);

#endif
