#include "gateway/metrics/metrics.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

#define HASH_NONFATAL_OOM          1
#define uthash_nonfatal_oom(entry) ((entry)->is_lost = true)
#include <uthash.h>

#include "common/base/arena.h"
#include "common/env/env.h"

/* ---- Counters ------------------------------------------------------------------------------ */

typedef _Atomic uint64_t counter;

/* From a snapshot that is looked up to an instance that is waited for until the longest --timeout.
 */
static const struct {
    int64_t up_to_ns;
    const char *label;
} buckets[] = {
    { 500 * INT64_C(1000), "0.0005" },
    { 1 * NS_PER_MS, "0.001" },
    { 2500 * INT64_C(1000), "0.0025" },
    { 5 * NS_PER_MS, "0.005" },
    { 10 * NS_PER_MS, "0.01" },
    { 25 * NS_PER_MS, "0.025" },
    { 50 * NS_PER_MS, "0.05" },
    { 100 * NS_PER_MS, "0.1" },
    { 250 * NS_PER_MS, "0.25" },
    { 500 * NS_PER_MS, "0.5" },
    { 1 * NS_PER_SEC, "1" },
    { 2500 * NS_PER_MS, "2.5" },
    { 5 * NS_PER_SEC, "5" },
    { 10 * NS_PER_SEC, "10" },
    { 30 * NS_PER_SEC, "30" },
    { 60 * NS_PER_SEC, "60" },
    { INT64_MAX, "+Inf" },
};

struct histogram {
    counter in_bucket[ARRAY_LEN(buckets)]; /* not cumulative */
    counter sum_ns;
};

struct row {
    counter started;
    counter by_code[RPC_CODE_COUNT];
    counter received;
    counter sent;
    counter received_bytes;
    counter sent_bytes;
    struct histogram handling;
};

static const struct text outcome_labels[] = {
    [UPSTREAM_ANSWERED] = TEXT("answered"),   [UPSTREAM_UNREACHABLE] = TEXT("unreachable"),
    [UPSTREAM_LOST] = TEXT("lost"),           [UPSTREAM_TIMED_OUT] = TEXT("timed_out"),
    [UPSTREAM_TOO_LARGE] = TEXT("too_large"), [UPSTREAM_MALFORMED] = TEXT("malformed"),
    [UPSTREAM_CANCELLED] = TEXT("cancelled"), [UPSTREAM_FAILED] = TEXT("failed"),
};

/* By the first digit of the status; 0 is for what is none. */
static const struct text class_labels[] = { TEXT("other"), TEXT("1xx"), TEXT("2xx"),
                                            TEXT("3xx"),   TEXT("4xx"), TEXT("5xx") };

/* Rows come in pieces that never move, since they are counted in and read while others are added.
 */
enum { PIECE_ROWS = 64, MAX_PIECES = METRICS_MAX_ROWS / PIECE_ROWS };

struct metrics_worker {
    counter outcomes[ARRAY_LEN(outcome_labels)];
    counter classes[ARRAY_LEN(class_labels)];
    struct histogram upstream;
    counter unknown_members;
    counter refused;
    struct row *pieces[MAX_PIECES];
};

struct method_labels {
    struct text path; /* as it came */
    const char *type;
    struct text service;
    struct text method;
};

struct metrics {
    struct arena arena;
    struct method_labels labels[METRICS_MAX_ROWS];
    atomic_size_t row_count; /* stored once a row is ready to be read */
    struct metrics_worker **workers;
    size_t worker_count;
};

/* Only one thread writes, so nothing is lost between load and store. */
static void add(counter *c, uint64_t n)
{
    atomic_store_explicit(c, atomic_load_explicit(c, memory_order_relaxed) + n,
                          memory_order_relaxed);
}

static void observe(struct histogram *h, int64_t ns)
{
    size_t bucket = 0;
    while (ns > buckets[bucket].up_to_ns)
        bucket++;
    add(&h->in_bucket[bucket], 1);
    add(&h->sum_ns, ns < 0 ? 0 : (uint64_t)ns);
}

static struct row *row_of(const struct metrics_worker *worker, size_t row)
{
    return &worker->pieces[row / PIECE_ROWS][row % PIECE_ROWS];
}

void metrics_call_started(struct metrics_worker *worker, size_t row)
{
    add(&row_of(worker, row)->started, 1);
}

void metrics_call_ended(struct metrics_worker *worker, size_t row, enum rpc_code code,
                        int64_t duration_ns)
{
    add(&row_of(worker, row)->by_code[code], 1);
    observe(&row_of(worker, row)->handling, duration_ns);
}

void metrics_message_received(struct metrics_worker *worker, size_t row, size_t bytes)
{
    add(&row_of(worker, row)->received, 1);
    add(&row_of(worker, row)->received_bytes, bytes);
}

void metrics_message_sent(struct metrics_worker *worker, size_t row, size_t bytes)
{
    add(&row_of(worker, row)->sent, 1);
    add(&row_of(worker, row)->sent_bytes, bytes);
}

void metrics_upstream_done(struct metrics_worker *worker, const struct upstream_exchange *exchange)
{
    add(&worker->outcomes[exchange->outcome], 1);
    observe(&worker->upstream, exchange->duration_ns);
    if (exchange->outcome != UPSTREAM_ANSWERED)
        return;
    const unsigned class = (unsigned)exchange->status / 100;
    add(&worker->classes[class < ARRAY_LEN(class_labels) ? class : 0], 1);
}

void metrics_unknown_members(struct metrics_worker *worker, size_t count)
{
    if (count > 0)
        add(&worker->unknown_members, count);
}

void metrics_call_refused(struct metrics_worker *worker)
{
    add(&worker->refused, 1);
}

/* ---- Life ---------------------------------------------------------------------------------- */

static const char *const method_types[2][2] = { { "unary", "server_stream" },
                                                { "client_stream", "bidi_stream" } };

/* Copied, with what a label's value must not hold escaped. */
static bool keep_label(struct arena *arena, struct text t, struct text *out)
{
    char *copy = arena_alloc(arena, 2 * t.len + 1);
    if (copy == NULL)
        return false;
    size_t len = 0;
    for (size_t i = 0; i < t.len; i++) {
        if (t.data[i] == '\\' || t.data[i] == '"')
            copy[len++] = '\\';
        copy[len++] = t.data[i] == '\n' ? ' ' : t.data[i];
    }
    *out = (struct text){ copy, len };
    return true;
}

static bool add_pieces(struct metrics *metrics, size_t piece)
{
    /* Behind each, so that two workers never write to one cache line. */
    enum { CACHE_LINE = 64 };
    for (size_t i = 0; i < metrics->worker_count; i++) {
        struct row **rows = &metrics->workers[i]->pieces[piece];
        if (*rows == NULL) /* else from an attempt that failed later */
            *rows = calloc(1, PIECE_ROWS * sizeof **rows + CACHE_LINE);
        if (*rows == NULL)
            return false;
    }
    return true;
}

/* The next row, if there is memory for it. */
static bool add_row(struct metrics *metrics, struct method_labels labels)
{
    const size_t row = atomic_load_explicit(&metrics->row_count, memory_order_relaxed);
    const char *path = arena_copy(&metrics->arena, labels.path);
    if (path == NULL || !add_pieces(metrics, row / PIECE_ROWS) ||
        !keep_label(&metrics->arena, labels.service, &labels.service) ||
        !keep_label(&metrics->arena, labels.method, &labels.method))
        return false;
    labels.path.data = path;
    metrics->labels[row] = labels;
    atomic_store_explicit(&metrics->row_count, row + 1, memory_order_release);
    return true;
}

bool metrics_row(struct metrics *metrics, const struct metrics_method *method, size_t *row,
                 struct error *err)
{
    const size_t count = atomic_load_explicit(&metrics->row_count, memory_order_relaxed);
    struct method_labels labels = {
        .path = method->path,
        .type = method_types[method->client_streams][method->server_streams],
        .method = method->path,
    };
    *row = METRICS_UNKNOWN_METHOD;
    for (size_t i = METRICS_UNKNOWN_METHOD + 1; i < count; i++)
        if (metrics->labels[i].type == labels.type &&
            text_equal(metrics->labels[i].path, labels.path)) {
            *row = i;
            return true;
        }
    if (count == METRICS_MAX_ROWS)
        return true;
    (void)text_split(&labels.method, '/'); /* what stands before the first */
    labels.service = text_split(&labels.method, '/');
    if (!add_row(metrics, labels))
        return error_set(err, ERROR_NO_MEMORY, "no memory for the metrics");
    *row = count;
    return true;
}

static bool fill(struct metrics *metrics)
{
    enum { LABELS_MAX = 64 << 20 };
    metrics->arena = arena_capped(LABELS_MAX);
    metrics->workers = calloc(metrics->worker_count, sizeof(struct metrics_worker *));
    if (metrics->workers == NULL)
        return false;
    for (size_t i = 0; i < metrics->worker_count; i++)
        if ((metrics->workers[i] = calloc(1, sizeof **metrics->workers)) == NULL)
            return false;
    return add_row(metrics, (struct method_labels){ .path = TEXT("unknown"),
                                                    .type = method_types[0][0],
                                                    .service = TEXT("unknown"),
                                                    .method = TEXT("unknown") });
}

bool metrics_new(size_t worker_count, struct metrics **out, struct error *err)
{
    struct metrics *metrics = calloc(1, sizeof *metrics);
    if (metrics == NULL)
        return error_set(err, ERROR_NO_MEMORY, "no memory for the metrics");
    metrics->worker_count = worker_count;
    if (!fill(metrics)) {
        metrics_free(metrics);
        return error_set(err, ERROR_NO_MEMORY, "no memory for the metrics");
    }
    *out = metrics;
    return true;
}

static void worker_free(struct metrics_worker *worker)
{
    for (size_t i = 0; worker != NULL && i < MAX_PIECES; i++)
        free(worker->pieces[i]);
    free(worker);
}

void metrics_free(struct metrics *metrics)
{
    if (metrics == NULL)
        return;
    for (size_t i = 0; metrics->workers != NULL && i < metrics->worker_count; i++)
        worker_free(metrics->workers[i]);
    free(metrics->workers);
    arena_fini(&metrics->arena);
    free(metrics);
}

struct metrics_worker *metrics_worker(struct metrics *metrics, size_t index)
{
    return metrics->workers[index];
}

/* ---- Text ---------------------------------------------------------------------------------- */

/* Stands for a row where a counter is the worker's own. */
#define NO_ROW SIZE_MAX

/* The same counter of all workers.
 * offset  from the start of the row, or of the worker's set */
static uint64_t sum_at(const struct metrics *metrics, size_t row, size_t offset)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < metrics->worker_count; i++) {
        const struct metrics_worker *worker = metrics->workers[i];
        const char *set = row == NO_ROW ? (const char *)worker : (const char *)row_of(worker, row);
        sum += atomic_load_explicit((const counter *)(const void *)(set + offset),
                                    memory_order_relaxed);
    }
    return sum;
}

static size_t row_count(const struct metrics *metrics)
{
    return atomic_load_explicit(&metrics->row_count, memory_order_acquire);
}

static void write_head(struct buffer *out, const char *name, const char *type, const char *help)
{
    buffer_appendf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void metrics_write_value(struct buffer *out, const char *name, enum metrics_type type,
                         const char *help, double value)
{
    write_head(out, name, type == METRICS_COUNTER ? "counter" : "gauge", help);
    buffer_appendf(out, "%s %.15g\n", name, value);
}

/* "NAME{grpc_type="unary",grpc_service="a.B",grpc_method="C": the caller closes it. */
static void begin_sample(struct buffer *out, const char *name, const char *suffix,
                         const struct method_labels *labels)
{
    buffer_appendf(
        out, "%s%s{grpc_type=\"%s\",grpc_service=\"" TEXT_FMT "\",grpc_method=\"" TEXT_FMT "\"",
        name, suffix, labels->type, TEXT_ARGS(labels->service), TEXT_ARGS(labels->method));
}

static void end_sample(struct buffer *out, uint64_t value)
{
    buffer_append_cstr(out, "} ");
    buffer_append_u64(out, value);
    buffer_append_byte(out, '\n');
}

static const struct {
    const char *name;
    const char *help;
    size_t offset;
} method_counters[] = {
    { "grpc_server_started_total", "Calls that arrived.", offsetof(struct row, started) },
    { "grpc_server_msg_received_total", "Request messages.", offsetof(struct row, received) },
    { "grpc_server_msg_sent_total", "Reply messages.", offsetof(struct row, sent) },
    { "grpc_server_msg_received_bytes_total", "Bytes of request messages.",
      offsetof(struct row, received_bytes) },
    { "grpc_server_msg_sent_bytes_total", "Bytes of reply messages.",
      offsetof(struct row, sent_bytes) },
};

static void write_method_counters(const struct metrics *metrics, struct buffer *out)
{
    for (size_t i = 0; i < ARRAY_LEN(method_counters); i++) {
        write_head(out, method_counters[i].name, "counter", method_counters[i].help);
        for (size_t row = 0; row < row_count(metrics); row++) {
            begin_sample(out, method_counters[i].name, "", &metrics->labels[row]);
            end_sample(out, sum_at(metrics, row, method_counters[i].offset));
        }
    }
}

/* As Go's codes.Code prints them, which is what dashboards look for. */
static const char *const code_labels[] = {
    "OK",       "Canceled",        "Unknown",          "InvalidArgument",   "DeadlineExceeded",
    "NotFound", "AlreadyExists",   "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
    "Aborted",  "OutOfRange",      "Unimplemented",    "Internal",          "Unavailable",
    "DataLoss", "Unauthenticated",
};
static_assert(ARRAY_LEN(code_labels) == RPC_CODE_COUNT, "one label per code");

static uint64_t handled(const struct metrics *metrics, size_t row, size_t code)
{
    return sum_at(metrics, row, offsetof(struct row, by_code) + code * sizeof(counter));
}

/* A code that never occurred has no series, except OK: rates of it begin at 0. */
static void write_handled(const struct metrics *metrics, struct buffer *out)
{
    const char *name = "grpc_server_handled_total";
    write_head(out, name, "counter", "Calls that ended, by code.");
    for (size_t row = 0; row < row_count(metrics); row++) {
        for (size_t code = 0; code < RPC_CODE_COUNT; code++) {
            const uint64_t value = handled(metrics, row, code);
            if (value == 0 && code != RPC_OK)
                continue;
            begin_sample(out, name, "", &metrics->labels[row]);
            buffer_appendf(out, ",grpc_code=\"%s\"", code_labels[code]);
            end_sample(out, value);
        }
    }
}

static void write_in_flight(const struct metrics *metrics, struct buffer *out)
{
    uint64_t started = 0;
    uint64_t ended = 0;
    for (size_t row = 0; row < row_count(metrics); row++) {
        /* In this order, so that what ends meanwhile is not counted as ended only. */
        for (size_t code = 0; code < RPC_CODE_COUNT; code++)
            ended += handled(metrics, row, code);
        started += sum_at(metrics, row, offsetof(struct row, started));
    }
    metrics_write_value(out, "grpc_server_in_flight", METRICS_GAUGE,
                        "Calls that arrived and have not ended.",
                        started > ended ? (double)(started - ended) : 0);
}

/* Of a method, or of all there is.
 * offset  as sum_at has it */
static void write_histogram(const struct metrics *metrics, size_t row, size_t offset,
                            const char *name, struct buffer *out)
{
    const struct method_labels *labels = row == NO_ROW ? NULL : &metrics->labels[row];
    uint64_t count = 0;
    for (size_t i = 0; i < ARRAY_LEN(buckets); i++) {
        count += sum_at(metrics, row, offset + i * sizeof(counter));
        if (labels != NULL)
            begin_sample(out, name, "_bucket", labels);
        else
            buffer_appendf(out, "%s_bucket{", name);
        buffer_appendf(out, "%sle=\"%s\"", labels != NULL ? "," : "", buckets[i].label);
        end_sample(out, count);
    }
    const uint64_t sum_ns = sum_at(metrics, row, offset + offsetof(struct histogram, sum_ns));
    if (labels != NULL)
        begin_sample(out, name, "_sum", labels);
    else
        buffer_appendf(out, "%s_sum", name);
    buffer_appendf(out, "%s %llu.%09llu\n", labels != NULL ? "}" : "",
                   (unsigned long long)(sum_ns / NS_PER_SEC),
                   (unsigned long long)(sum_ns % NS_PER_SEC));
    if (labels != NULL)
        begin_sample(out, name, "_count", labels);
    else
        buffer_appendf(out, "%s_count", name);
    buffer_appendf(out, "%s %llu\n", labels != NULL ? "}" : "", (unsigned long long)count);
}

static void write_handling(const struct metrics *metrics, struct buffer *out)
{
    const char *name = "grpc_server_handling_seconds";
    write_head(out, name, "histogram", "Time from a call's arrival to its end.");
    for (size_t row = 0; row < row_count(metrics); row++)
        write_histogram(metrics, row, offsetof(struct row, handling), name, out);
}

static void write_labelled(const struct metrics *metrics, struct buffer *out, const char *name,
                           const char *help, const char *key, const struct text *values,
                           size_t count, size_t offset)
{
    write_head(out, name, "counter", help);
    for (size_t i = 0; i < count; i++) {
        buffer_appendf(out, "%s{%s=\"" TEXT_FMT "\"", name, key, TEXT_ARGS(values[i]));
        end_sample(out, sum_at(metrics, NO_ROW, offset + i * sizeof(counter)));
    }
}

static void write_upstream(const struct metrics *metrics, struct buffer *out)
{
    const char *latency = "hypeman_gateway_upstream_seconds";
    write_labelled(metrics, out, "hypeman_gateway_upstream_requests_total",
                   "Requests to the upstream, by how they ended.", "outcome", outcome_labels,
                   ARRAY_LEN(outcome_labels), offsetof(struct metrics_worker, outcomes));
    write_labelled(metrics, out, "hypeman_gateway_upstream_answers_total",
                   "Answers of the upstream, by status.", "class", class_labels,
                   ARRAY_LEN(class_labels), offsetof(struct metrics_worker, classes));
    write_head(out, latency, "histogram", "Time from a request to the end of its answer.");
    write_histogram(metrics, NO_ROW, offsetof(struct metrics_worker, upstream), latency, out);
    metrics_write_value(
        out, "hypeman_gateway_unknown_json_fields_total", METRICS_COUNTER,
        "Members of the upstream's JSON that no field takes.",
        (double)sum_at(metrics, NO_ROW, offsetof(struct metrics_worker, unknown_members)));
}

void metrics_write(const struct metrics *metrics, struct buffer *out)
{
    write_method_counters(metrics, out);
    write_handled(metrics, out);
    write_in_flight(metrics, out);
    write_handling(metrics, out);
    metrics_write_value(out, "hypeman_gateway_calls_refused_total", METRICS_COUNTER,
                        "Calls refused because --max-inflight others were in flight.",
                        (double)sum_at(metrics, NO_ROW, offsetof(struct metrics_worker, refused)));
    write_upstream(metrics, out);
}
