/* grpc.health.v1.Health: who asks, who watches, and what has changed.
 *
 * Watchers are told of each change as soon as they have taken the message before. One that reads
 * too slowly gets the newest state when it reads again, and nothing when that is the one it knows:
 * a watcher costs the same however long it sleeps. There are at most HEALTH_MAX_WATCHERS.
 *
 * All functions may be called from any thread. */
#ifndef TESTKIT_GATEWAY_RPC_HEALTH_SERVICE_H
#define TESTKIT_GATEWAY_RPC_HEALTH_SERVICE_H

#include <stdbool.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "gateway/services/catalog.h"

enum { HEALTH_MAX_WATCHERS = 1000 };

struct health_service;

/* Starts with the upstream down: nobody knows yet. Owned: health_service_free().
 * Fails    NO_MEMORY */
MUST_USE bool health_service_new(struct health_service **out, struct error *err);
/* Only when no call is left. */
void health_service_free(struct health_service *health);

/* The services there are from now on; before the first call. Borrowed until the next. */
void health_service_set_catalog(struct health_service *health, const struct catalog *catalog);
void health_service_set_upstream(struct health_service *health, bool is_up);
/* NOT_SERVING from now on, whatever the upstream does. */
void health_service_drain(struct health_service *health);

#endif
