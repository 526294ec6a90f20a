/* What health says about a service, and the bytes of grpc.health.v1 it says it in.
 *
 * Two facts decide: whether the upstream answers its probe, and whether the gateway is going down.
 * The API's services need both to be well; the gateway's own serve without an upstream too. */
#ifndef TESTKIT_GATEWAY_SERVICES_HEALTH_H
#define TESTKIT_GATEWAY_SERVICES_HEALTH_H

#include <stdbool.h>

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/base/text.h"
#include "gateway/services/catalog.h"

/* Numbers as in grpc.health.v1.HealthCheckResponse.ServingStatus. */
enum health_status {
    HEALTH_SERVING = 1,
    HEALTH_NOT_SERVING = 2,
    HEALTH_SERVICE_UNKNOWN = 3,
};

/* Whom a question is about, as far as the answer depends on it. */
enum health_subject { HEALTH_OF_API, HEALTH_OF_GATEWAY, HEALTH_OF_NOBODY };

struct health_facts {
    bool is_upstream_up;
    bool is_draining;
};

/* service  "" is the server as a whole, which is as well as its API */
enum health_subject health_find_subject(const struct catalog *catalog, struct text service);
enum health_status health_status(struct health_facts facts, enum health_subject subject);

/* The service that a HealthCheckRequest names; borrowed from its bytes.
 * Fails  INVALID_ARGUMENT  malformed */
MUST_USE bool health_read_request(struct text bytes, struct text *service, struct error *err);

/* Appends a HealthCheckResponse. Returns !out->failed. */
bool health_write_response(struct buffer *out, enum health_status status);
/* Appends a HealthListResponse. Returns !out->failed. */
bool health_write_list(struct buffer *out, const struct catalog *catalog,
                       struct health_facts facts);

#endif
