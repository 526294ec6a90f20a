/* The objects of a serving mock, from the worlds to the socket, in the order in which they need
 * each other. */
#ifndef TESTKIT_MOCK_SERVICE_H
#define TESTKIT_MOCK_SERVICE_H

#include "common/env/env.h"
#include "common/program/line_log.h"
#include "mock/control/control.h"
#include "mock/http/server.h"
#include "mock/settings.h"

/* Not to be moved once open: its parts point at each other. */
struct service {
    struct env env;
    struct line_log log;
    struct control *control;
    struct http_server *server; /* for serve() */
    char url[320];              /* "http://127.0.0.1:4973" */
};

/* Listens, and says so as the settings ask: whoever connects from now on is answered once serve()
 * runs. Raises the limit of open files as far as it may.
 * s      all zero before; owned, also after a failure: service_scope_end()
 * Fails  UNAVAILABLE  cannot listen there
 *        INTERNAL, NO_MEMORY */
MUST_USE bool service_open(struct service *s, const struct settings *settings, struct error *err);
void service_scope_end(struct service *s);

#endif
