/* The REST transport: libcurl, one connection that is kept open.
 *
 * A request is sent once and never again; redirects are answers like others. */
#ifndef TESTKIT_CONFORMANCE_DRIVE_REST_H
#define TESTKIT_CONFORMANCE_DRIVE_REST_H

#include <stdatomic.h>

#include "common/base/error.h"
#include "conformance/suite/transport.h"

/* Once per process, before there are threads. */
MUST_USE bool rest_setup(struct error *err);

/* url      "http://127.0.0.1:4973", without a slash at its end; borrowed
 * ended    borrowed: true ends what is under way, but for what tidies up
 * out      owned: rest_close(). One thread at a time.
 * Fails    NO_MEMORY */
MUST_USE bool rest_open(const char *url, const atomic_bool *ended, struct transport *out,
                        struct error *err);
/* One that was never opened, all zeros, is fine. */
void rest_close(struct transport *transport);

#endif
