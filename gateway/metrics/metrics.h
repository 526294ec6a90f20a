/* Counters of calls, and their sum as Prometheus text.
 *
 * Each worker has a set of its own that only its thread writes, so counting takes no lock and no
 * locked instruction; metrics_write adds the sets up, from any thread, at any time. Labels come
 * from a fixed list of methods and of gRPC codes, never from what a client sends. Names are those
 * of the gRPC Prometheus interceptors where they have one (grpc_server_handled_total), so their
 * dashboards work. */
#ifndef TESTKIT_GATEWAY_METRICS_METRICS_H
#define TESTKIT_GATEWAY_METRICS_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "gateway/proxy/rpc_status.h"
#include "gateway/proxy/upstream.h"

struct metrics;
struct metrics_worker;

struct metrics_method {
    struct text path; /* "/hypeman.v1.SnapshotService/GetSnapshot"; copied */
    bool client_streams;
    bool server_streams;
};

/* Row 0 is every method that is not served, and those for which there is no row left. */
enum { METRICS_UNKNOWN_METHOD = 0, METRICS_MAX_ROWS = 16 << 10 };

/* Owned: metrics_free(). Fails NO_MEMORY. */
MUST_USE bool metrics_new(size_t worker_count, struct metrics **out, struct error *err);
void metrics_free(struct metrics *metrics);

/* The row of a method: a new one at its first time, and for ever the same, so that counters go on
 * when a method comes back. From one thread at a time, while workers count and others read.
 * Fails  NO_MEMORY */
MUST_USE bool metrics_row(struct metrics *metrics, const struct metrics_method *method, size_t *row,
                          struct error *err);

/* Lives as long as the metrics. All functions below are for one thread per worker. */
struct metrics_worker *metrics_worker(struct metrics *metrics, size_t index);

void metrics_call_started(struct metrics_worker *worker, size_t row);
void metrics_call_ended(struct metrics_worker *worker, size_t row, enum rpc_code code,
                        int64_t duration_ns);
void metrics_message_received(struct metrics_worker *worker, size_t row, size_t bytes);
void metrics_message_sent(struct metrics_worker *worker, size_t row, size_t bytes);
/* An exchange that is over. */
void metrics_upstream_done(struct metrics_worker *worker, const struct upstream_exchange *exchange);
/* Members of an answer's JSON that no field takes. */
void metrics_unknown_members(struct metrics_worker *worker, size_t count);
/* Calls refused because too many are in flight. */
void metrics_call_refused(struct metrics_worker *worker);

/* Appends all families in the text format, version 0.0.4. */
void metrics_write(const struct metrics *metrics, struct buffer *out);

enum metrics_type { METRICS_COUNTER, METRICS_GAUGE };

/* Appends a family of one value without labels; whole numbers are exact up to 15 digits. */
void metrics_write_value(struct buffer *out, const char *name, enum metrics_type type,
                         const char *help, double value);

#endif
