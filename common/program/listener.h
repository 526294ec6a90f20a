/* A listening TCP socket. */
#ifndef TESTKIT_COMMON_PROGRAM_LISTENER_H
#define TESTKIT_COMMON_PROGRAM_LISTENER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/scope.h"

struct listener {
    int fd;        /* owned by whoever takes it; non-blocking */
    char url[320]; /* "http://127.0.0.1:4973", with the port really used */
};

/* host    a name or address, without brackets. port 0: any free one.
 * option  "--listen", where another address can be chosen, for the message
 * Fails  UNAVAILABLE  cannot listen on 127.0.0.1:4973: address already in use; stop ... */
MUST_USE bool listener_open(const char *host, uint16_t port, const char *option,
                            struct listener *out, struct error *err);

#endif
