/* The upstream over libcurl: one thread, one epoll loop, one multi handle, keep-alive connections.
 *
 * Create one per worker. curl_global_init must have run (main does it before any thread). */
#ifndef TESTKIT_GATEWAY_UPSTREAM_CURL_UPSTREAM_H
#define TESTKIT_GATEWAY_UPSTREAM_CURL_UPSTREAM_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "gateway/proxy/upstream.h"

struct curl_upstream_config {
    const char *base_url;       /* "http://127.0.0.1:4973", optionally with a path prefix and with
                                   USER:PASSWORD@ before the host; copied. The prefix goes in front
                                   of every target. Credentials are sent as Basic authorization
                                   unless the exchange brings its own, and never shown.
                                   Or "unix:PATH", for HTTP over that socket.                  */
    const char *ca_file;        /* PEM, for https; copied. NULL: the system's certificates     */
    int64_t connect_timeout_ms; /* > 0; name, connection and TLS together                      */
    int64_t max_idle_ms;        /* a connection idle longer is not reused; below the far side's own
                                   idle limit. Whole seconds count, rounded down; under 1000 every
                                   exchange makes its own connection.                          */
    size_t max_connections;     /* > 0; kept open for the next exchange. More are opened while more
                                   exchanges are in flight: bounding those is the proxy's task  */
};

struct curl_upstream;

/* Starts the thread. Owned: curl_upstream_free().
 * Fails  INVALID_ARGUMENT  base_url is not http(s)://HOST[:PORT][/PREFIX] or unix:PATH; the message
 * says what was expected; or a number is out of range RESOURCE_EXHAUSTED  no descriptor or thread
 * can be had NO_MEMORY */
MUST_USE bool curl_upstream_new(const struct curl_upstream_config *config,
                                struct curl_upstream **out, struct error *err);

/* The interface to hand to the proxy; borrowed, lives as long as the object. */
struct upstream *curl_upstream_interface(struct curl_upstream *self);

/* Ends what is in flight (done is called with CANCELLED for each), joins the thread. Nothing may be
 * submitted from now on. */
void curl_upstream_free(struct curl_upstream *self);

#endif
