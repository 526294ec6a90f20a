#include <string.h>

#include "common/env/env.h"
#include "conformance/suite/explain.h"
#include "conformance/suite/markup.h"
#include "conformance/suite/run.h"

/* One page that needs nothing but itself: results by scenario, each with its exchanges, then
 * results by rule. Without scripts: <details> opens and closes. */

enum { TEXT_MAX = 1 << 20, BODY_SHOWN = 16 * 1024 };

static const char head[] =
    "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
    "<title>hypeman-conformance</title>\n<style>\n"
    "body{font:14px/1.5 system-ui,sans-serif;margin:2em auto;max-width:72em;padding:0 "
    "1em;color:#222}\n"
    "body{overflow-wrap:anywhere}h1{font-size:1.5em}h2{font-size:1.15em;margin-top:2em}\n"
    "table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;"
    "padding:.25em .6em;border-bottom:1px solid #ddd}td:first-child{white-space:nowrap}\n"
    "pre{background:#f6f6f6;padding:.6em;overflow-x:auto;white-space:pre-wrap;word-break:break-"
    "word}\n"
    "summary{cursor:pointer}details details{margin:.3em 0 .3em 1em}code{font-size:.95em}\n"
    ".o{display:inline-block;min-width:6.5em;font-weight:600}\n"
    ".pass{color:#2e7d32}.fail,.stale,.not-testable,.error{color:#c62828}\n"
    ".known-fail,.not-run{color:#b26a00}.skip{color:#00718f}\n"
    "@media(prefers-color-scheme:dark){body{background:#181818;color:#ddd}pre{background:#222}"
    "td,th{border-color:#333}}\n"
    "</style>\n</head>\n<body>\n";

static void text(struct buffer *out, const char *t)
{
    markup_append(out, text_of(t));
}

static void outcome_tag(const struct result *result, struct buffer *out)
{
    const char *name = outcome_rows[result->outcome].name;

    buffer_appendf(out, "<span class=\"o %s\">%s</span> ", name, name);
}

static void headers(const struct http_header *list, size_t count, struct buffer *out)
{
    for (size_t i = 0; i < count; i++) {
        markup_append(out, list[i].name);
        buffer_append_cstr(out, ": ");
        markup_append(out, list[i].value);
        buffer_append_byte(out, '\n');
    }
}

static void body(struct text bytes, struct buffer *out)
{
    size_t len = text_cut_len(bytes, BODY_SHOWN);

    if (bytes.len == 0)
        return;
    buffer_append_byte(out, '\n');
    markup_append(out, (struct text){ bytes.data, len });
    if (len < bytes.len)
        buffer_append_cstr(out, "...");
}

static void exchange(const struct exchange *x, struct buffer *out)
{
    buffer_append_cstr(out, "<details><summary><code>");
    text(out, x->method);
    buffer_append_byte(out, ' ');
    text(out, x->target);
    buffer_append_cstr(out, "</code> ");
    if (x->answered)
        buffer_appendf(out, "%d", x->answer.status);
    else
        text(out, x->failure == NULL ? "no answer" : x->failure);
    buffer_appendf(out, " (%.1f ms)</summary>\n<pre>", (double)x->took_ns / (double)NS_PER_MS);
    headers(x->headers, x->header_count, out);
    body(x->body, out);
    buffer_append_cstr(out, "</pre>\n");
    if (x->answered) {
        buffer_append_cstr(out, "<pre>");
        headers(x->answer.headers, x->answer.header_count, out);
        body(x->answer.body, out);
        buffer_append_cstr(out, "</pre>\n");
    }
    buffer_append_cstr(out, "</details>\n");
}

static void result_block(const struct run *run, const struct result *result, struct buffer *out)
{
    bool red = outcome_rows[result->outcome].red;

    buffer_appendf(out, "<details%s id=\"", red ? " open" : "");
    text(out, result->id);
    buffer_append_cstr(out, "\"><summary>");
    outcome_tag(result, out);
    buffer_append_cstr(out, "<code>");
    text(out, result->id);
    buffer_append_cstr(out, "</code> ");
    text(out, result->scenario->title);
    buffer_append_cstr(out, "</summary>\n");
    if (result->outcome != OUTCOME_PASS) {
        SCOPED(buffer) struct buffer explained = buffer_capped(TEXT_MAX);
        explain_result(run, result, "", &explained);
        buffer_append_cstr(out, "<pre>");
        markup_append(out, buffer_text(&explained));
        buffer_append_cstr(out, "</pre>\n");
    }
    for (const struct exchange *x = result->exchanges; x != NULL; x = x->next)
        exchange(x, out);
    buffer_append_cstr(out, "</details>\n");
}

static bool cites(const struct result *result, const char *rule)
{
    for (const char *const *id = result->scenario->rules; *id != NULL; id++) {
        if (strcmp(*id, rule) == 0)
            return true;
    }
    return false;
}

static void rule_row(const struct run *run, const struct rule *rule, struct buffer *out)
{
    bool begun = false;

    for (size_t i = 0; i < run->count; i++) {
        const struct result *result = run->results[i];
        if (!cites(result, rule->id))
            continue;
        if (!begun) {
            buffer_appendf(out, "<tr><td><code>%s</code></td><td>", rule->id);
            text(out, rule->sentence);
            buffer_append_cstr(out, "</td><td>");
        }
        begun = true;
        buffer_appendf(out, "<a class=\"%s\" href=\"#", outcome_rows[result->outcome].name);
        text(out, result->id);
        buffer_append_cstr(out, "\">");
        text(out, result->id);
        buffer_append_cstr(out, "</a><br>");
    }
    if (begun)
        buffer_append_cstr(out, "</td></tr>\n");
}

static void summary(const struct run *run, struct buffer *out)
{
    struct tally tally = run_tally(run);

    buffer_appendf(out, "<h1>hypeman-conformance: %s</h1>\n<p>",
                   run_exit_status(run) == 0 ? "conforming" : "not conforming");
    text(out, run->target);
    buffer_appendf(out, ", truth %s, version %s, run %s, %.1f s. ", truth_names[run->truth],
                   run->version, run->id, (double)run->took_ns / (double)NS_PER_SEC);
    for (size_t i = 0; i < OUTCOME_COUNT; i++) {
        if (tally.by_outcome[i] > 0)
            buffer_appendf(out, "<span class=\"%s\">%zu %s</span> ", outcome_rows[i].name,
                           tally.by_outcome[i], outcome_rows[i].name);
    }
    buffer_appendf(out, "; %zu checks, %zu rules</p>\n", tally.checks, tally.rules);
    for (size_t i = 0; i < run->problem_count; i++) {
        buffer_append_cstr(out, "<p class=\"fail\">known failing: ");
        text(out, run->problems[i]);
        buffer_append_cstr(out, "</p>\n");
    }
}

void report_html(const struct run *run, enum event event, const struct result *result,
                 struct buffer *out)
{
    (void)result;
    if (event != EVENT_END)
        return;
    buffer_append_cstr(out, head);
    summary(run, out);
    buffer_append_cstr(out, "<h2>Scenarios</h2>\n");
    for (size_t i = 0; i < run->count; i++)
        result_block(run, run->results[i], out);
    buffer_append_cstr(out, "<h2>Rules</h2>\n<table>\n<tr><th>rule</th><th>what it says</th>"
                            "<th>scenarios</th></tr>\n");
    for (size_t i = 0; i < run->catalogue->count; i++)
        rule_row(run, &run->catalogue->rules[i], out);
    buffer_append_cstr(out, "</table>\n</body>\n</html>\n");
}
