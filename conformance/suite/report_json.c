#include "common/json/json_writer.h"
#include "common/json/rfc3339.h"
#include "conformance/suite/run.h"

/* One event per line; schema/report.schema.json describes each. */

enum { BODY_KEPT = 16 * 1024 };

static void member_text(struct json_writer *w, const char *key, const char *value)
{
    if (value == NULL)
        json_member_null(w, key);
    else
        json_member_string(w, key, text_of(value));
}

static void write_strings(struct json_writer *w, const char *key, const char *const *items)
{
    json_write_key(w, text_of(key));
    json_write_array_begin(w);
    for (; *items != NULL; items++)
        json_write_string(w, text_of(*items));
    json_write_array_end(w);
}

static void write_time(struct json_writer *w, const char *key, int64_t ns)
{
    SCOPED(buffer) struct buffer time = buffer_capped(64);

    rfc3339_append(&time, timestamp_from_ns(ns));
    json_member_string(w, key, buffer_text(&time));
}

static void write_begin(const struct run *run, struct json_writer *w)
{
    json_member_string(w, "event", TEXT("begin"));
    json_member_string(w, "suite", TEXT("hypeman-conformance"));
    member_text(w, "version", run->version);
    member_text(w, "run", run->id);
    member_text(w, "target", run->target);
    member_text(w, "truth", truth_names[run->truth]);
    write_time(w, "began_at", run->began_ns);
    json_member_i64(w, "planned", (int64_t)run->planned);
    json_write_key(w, TEXT("capabilities"));
    json_write_object_begin(w);
    for (size_t i = 0; i < CAPABILITY_COUNT; i++)
        json_member_bool(w, capability_rows[i].name, run->capabilities->has[i]);
    json_write_object_end(w);
}

static void write_mismatches(const struct result *result, struct json_writer *w)
{
    const char *own[2];

    json_write_key(w, TEXT("mismatches"));
    json_write_array_begin(w);
    for (const struct mismatch *m = result->mismatches; m != NULL; m = m->next) {
        json_write_object_begin(w);
        member_text(w, "path", m->path);
        member_text(w, "expected", m->expected);
        member_text(w, "got", m->got);
        write_strings(w, "rules", result_broken_rules(result, m, own));
        json_write_object_end(w);
    }
    json_write_array_end(w);
}

static void write_headers(const struct http_header *headers, size_t count, struct json_writer *w)
{
    json_write_key(w, TEXT("headers"));
    json_write_array_begin(w);
    for (size_t i = 0; i < count; i++) {
        json_write_array_begin(w);
        json_write_string(w, headers[i].name);
        json_write_string(w, headers[i].value);
        json_write_array_end(w);
    }
    json_write_array_end(w);
}

static void write_body(struct text body, struct json_writer *w)
{
    body.len = text_cut_len(body, BODY_KEPT);
    if (body.data != NULL)
        json_member_string(w, "body", body);
}

static void write_exchange(const struct exchange *x, struct json_writer *w)
{
    json_write_object_begin(w);
    member_text(w, "method", x->method);
    member_text(w, "target", x->target);
    json_write_key(w, TEXT("request"));
    json_write_object_begin(w);
    write_headers(x->headers, x->header_count, w);
    write_body(x->body, w);
    json_write_object_end(w);
    if (x->answered) {
        json_write_key(w, TEXT("answer"));
        json_write_object_begin(w);
        json_member_i64(w, "status", x->answer.status);
        write_headers(x->answer.headers, x->answer.header_count, w);
        write_body(x->answer.body, w);
        json_write_object_end(w);
    }
    if (x->failure != NULL)
        member_text(w, "failure", x->failure);
    json_member_i64(w, "took_us", x->took_ns / 1000);
    json_write_object_end(w);
}

static void write_result(const struct result *result, struct json_writer *w)
{
    json_member_string(w, "event", TEXT("result"));
    member_text(w, "id", result->id);
    member_text(w, "scenario", result->scenario->id);
    member_text(w, "via", via_names[result->via]);
    member_text(w, "title", result->scenario->title);
    write_strings(w, "rules", result->scenario->rules);
    member_text(w, "outcome", outcome_rows[result->outcome].name);
    member_text(w, "reason", result->reason);
    member_text(w, "step", result->at == NULL ? NULL : result->at->title);
    json_member_i64(w, "checks", (int64_t)result->checks);
    json_member_i64(w, "took_us", result->took_ns / 1000);
    write_mismatches(result, w);
    json_write_key(w, TEXT("exchanges"));
    json_write_array_begin(w);
    for (const struct exchange *x = result->exchanges; x != NULL; x = x->next)
        write_exchange(x, w);
    json_write_array_end(w);
}

static void write_end(const struct run *run, struct json_writer *w)
{
    static const char *const ends[] = { [RUN_COMPLETE] = "complete",
                                        [RUN_UNREACHABLE] = "unreachable",
                                        [RUN_INTERRUPTED] = "interrupted" };
    struct tally tally = run_tally(run);

    json_member_string(w, "event", TEXT("end"));
    member_text(w, "run", run->id);
    member_text(w, "end", ends[run->end]);
    json_member_i64(w, "exit_status", run_exit_status(run));
    json_write_key(w, TEXT("outcomes"));
    json_write_object_begin(w);
    for (size_t i = 0; i < OUTCOME_COUNT; i++)
        json_member_i64(w, outcome_rows[i].name, (int64_t)tally.by_outcome[i]);
    json_write_object_end(w);
    json_member_i64(w, "checks", (int64_t)tally.checks);
    json_member_i64(w, "rules", (int64_t)tally.rules);
    json_member_i64(w, "took_us", run->took_ns / 1000);
    json_write_key(w, TEXT("problems"));
    json_write_array_begin(w);
    for (size_t i = 0; i < run->problem_count; i++)
        json_write_string(w, text_of(run->problems[i]));
    json_write_array_end(w);
}

void report_json(const struct run *run, enum event event, const struct result *result,
                 struct buffer *out)
{
    struct json_writer w = json_writer_to(out, JSON_ESCAPE_MINIMAL);

    json_write_object_begin(&w);
    switch (event) {
    case EVENT_BEGIN:
        write_begin(run, &w);
        break;
    case EVENT_RESULT:
        write_result(result, &w);
        break;
    case EVENT_END:
        write_end(run, &w);
        break;
    }
    json_write_object_end(&w);
    buffer_append_byte(out, '\n');
}
