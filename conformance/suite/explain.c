#include "conformance/suite/explain.h"

#include <string.h>

#include "common/base/text.h"

enum { SHOWN_MAX = 600, BODY_SHOWN_MAX = 400, TRANSCRIBED_MAX = 16 * 1024 };

/* 'it'\''s' */
static void quote(struct text t, struct buffer *out)
{
    buffer_append_byte(out, '\'');
    for (size_t i = 0; i < t.len; i++) {
        if (t.data[i] == '\'')
            buffer_append_cstr(out, "'\\''");
        else
            buffer_append_byte(out, (uint8_t)t.data[i]);
    }
    buffer_append_byte(out, '\'');
}

void explain_curl(const struct run *run, const struct exchange *exchange, struct buffer *out)
{
    SCOPED(buffer) struct buffer url = buffer_capped(1 << 17);

    buffer_appendf(&url, "%s%s", run->target, exchange->target);
    buffer_appendf(out, "curl -i -X %s ", exchange->method);
    quote(buffer_text(&url), out);
    for (size_t i = 0; i < exchange->header_count; i++) {
        SCOPED(buffer) struct buffer line = buffer_capped(1 << 17);
        struct http_header header = exchange->headers[i];
        bool secret = text_equal_nocase(header.name, TEXT("Authorization"));
        if (secret) {
            buffer_append_cstr(out, " -H \"Authorization: Bearer $TOKEN\"");
            continue;
        }
        buffer_appendf(&line, TEXT_FMT ": " TEXT_FMT, TEXT_ARGS(header.name),
                       TEXT_ARGS(header.value));
        buffer_append_cstr(out, " -H ");
        quote(buffer_text(&line), out);
    }
    if (exchange->body.data != NULL) {
        buffer_append_cstr(out, " --data-binary ");
        quote(exchange->body, out);
    }
}

/* On one line, and what a server sent must not draw on someone's terminal. */
static void append_cut(struct text t, size_t max, struct buffer *out)
{
    while (t.len > 0 && t.data[t.len - 1] == '\n')
        t.len--;
    size_t len = text_cut_len(t, max);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)t.data[i];
        buffer_append_byte(out, c < ' ' || c == 0x7F ? ' ' : c);
    }
    if (len < t.len)
        buffer_append_cstr(out, "...");
}

static void explain_rules(const struct run *run, const struct result *result,
                          const struct mismatch *mismatch, const char *indent, struct buffer *out)
{
    const char *own[2];

    for (const char *const *id = result_broken_rules(result, mismatch, own); *id != NULL; id++) {
        const struct rule *rule = catalogue_find(run->catalogue, text_of(*id));
        buffer_appendf(out, "%s%s: ", indent, *id);
        if (rule != NULL) {
            append_cut(text_of(rule->sentence), SHOWN_MAX, out);
            buffer_appendf(out, " (docs/contract/%s.md)", rule->document);
        }
        buffer_append_byte(out, '\n');
    }
}

/* Rules of mismatches that have their own are told once each, where they stand. */
static void explain_mismatches(const struct run *run, const struct result *result,
                               const char *indent, struct buffer *out)
{
    const char *told = NULL;
    bool expectation = result->mismatches == NULL;

    for (const struct mismatch *m = result->mismatches; m != NULL; m = m->next)
        expectation |= m->rule == NULL;
    if (expectation)
        explain_rules(run, result, NULL, indent, out);
    for (const struct mismatch *m = result->mismatches; m != NULL; m = m->next) {
        if (m->rule != NULL && (told == NULL || strcmp(told, m->rule) != 0))
            explain_rules(run, result, m, indent, out);
        told = m->rule;
        buffer_appendf(out, "%s  %s\n%s  - %s\n%s  + %s\n", indent,
                       m->path[0] == '\0' ? "the body" : m->path, indent, m->expected, indent,
                       m->got);
    }
}

static void explain_exchange(const struct exchange *x, struct buffer *out)
{
    buffer_appendf(out, "%s %s -> ", x->method, x->target);
    if (x->answered)
        buffer_appendf(out, "%d", x->answer.status);
    else
        buffer_append_cstr(out, x->failure == NULL ? "no answer" : x->failure);
}

static void explain_exchanges(const struct run *run, const struct result *result,
                              const char *indent, struct buffer *out)
{
    const struct exchange *last = result->last_exchange;

    if (last == NULL)
        return;
    for (const struct exchange *x = result->exchanges; x != last; x = x->next) {
        buffer_appendf(out, "%s%s", indent, x == result->exchanges ? "before: " : "        ");
        explain_exchange(x, out);
        buffer_append_byte(out, '\n');
    }
    buffer_appendf(out, "%slast:   ", indent);
    explain_exchange(last, out);
    if (last->answered && last->answer.body.len > 0) {
        buffer_appendf(out, "\n%s        ", indent);
        append_cut(last->answer.body, BODY_SHOWN_MAX, out);
    }
    buffer_appendf(out, "\n%sagain:  ", indent);
    explain_curl(run, last, out);
    buffer_append_byte(out, '\n');
}

void explain_result(const struct run *run, const struct result *result, const char *indent,
                    struct buffer *out)
{
    buffer_appendf(out, "%s%s\n", indent, result->scenario->title);
    if (result->at != NULL)
        buffer_appendf(out, "%sstep: %s\n", indent, result->at->title);
    if (result->reason != NULL)
        buffer_appendf(out, "%s%s\n", indent, result->reason);
    if (result->outcome == OUTCOME_NOT_RUN)
        return;
    explain_mismatches(run, result, indent, out);
    explain_exchanges(run, result, indent, out);
    buffer_appendf(out, "%s        %s --replay '%s'\n", indent, run->program, result->id);
}

static void transcribe(const char *indent, const struct http_header *headers, size_t count,
                       struct text body, struct buffer *out)
{
    for (size_t i = 0; i < count; i++)
        buffer_appendf(out, "%s    " TEXT_FMT ": " TEXT_FMT "\n", indent,
                       TEXT_ARGS(headers[i].name), TEXT_ARGS(headers[i].value));
    if (body.len == 0)
        return;
    buffer_appendf(out, "%s    ", indent);
    append_cut(body, TRANSCRIBED_MAX, out);
    buffer_append_byte(out, '\n');
}

void explain_transcript(const struct result *result, const char *indent, struct buffer *out)
{
    for (const struct exchange *x = result->exchanges; x != NULL; x = x->next) {
        buffer_appendf(out, "%s%s\n%s  ", indent, x->step->title, indent);
        explain_exchange(x, out);
        buffer_append_byte(out, '\n');
        transcribe(indent, x->headers, x->header_count, x->body, out);
        buffer_appendf(out, "%s  ->\n", indent);
        transcribe(indent, x->answer.headers, x->answer.header_count, x->answer.body, out);
    }
}

void explain_short(const struct result *result, struct buffer *out)
{
    const struct mismatch *m = result->mismatches;

    if (m != NULL)
        buffer_appendf(out, "%s: expected %s, got %s", m->path[0] == '\0' ? "the body" : m->path,
                       m->expected, m->got);
    if (result->reason != NULL)
        buffer_appendf(out, "%s%s", m == NULL ? "" : "; ", result->reason);
}
