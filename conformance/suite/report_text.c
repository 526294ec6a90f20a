#include "common/env/env.h"
#include "conformance/suite/explain.h"
#include "conformance/suite/run.h"

static const char *const colours[OUTCOME_COUNT] = {
    [OUTCOME_PASS] = "\033[32m",         [OUTCOME_SKIP] = "\033[36m",
    [OUTCOME_KNOWN_FAIL] = "\033[33m",   [OUTCOME_NOT_RUN] = "\033[33m",
    [OUTCOME_FAIL] = "\033[31m",         [OUTCOME_STALE] = "\033[31m",
    [OUTCOME_NOT_TESTABLE] = "\033[31m", [OUTCOME_ERROR] = "\033[35m",
};

static void begin(const struct run *run, struct buffer *out)
{
    buffer_appendf(out, "%s: truth %s, %zu scenarios, run %s\n", run->target,
                   truth_names[run->truth], run->planned, run->id);
    for (size_t i = 0; i < CAPABILITY_COUNT; i++) {
        if (!run->capabilities->has[i])
            buffer_appendf(out, "without %s: %s\n", capability_rows[i].name,
                           capability_rows[i].absence);
    }
}

static void one(const struct run *run, const struct result *result, const struct text_style *style,
                struct buffer *out)
{
    const struct outcome_row *row = &outcome_rows[result->outcome];

    if (result->outcome == OUTCOME_PASS && !style->all)
        return;
    buffer_appendf(out, "%s%-12s%s %s\n", style->colour ? colours[result->outcome] : "", row->name,
                   style->colour ? "\033[0m" : "", result->id);
    if ((result->outcome == OUTCOME_SKIP || result->outcome == OUTCOME_PASS) &&
        result->reason != NULL)
        buffer_appendf(out, "    %s\n", result->reason);
    else if (result->outcome != OUTCOME_PASS && result->outcome != OUTCOME_SKIP)
        explain_result(run, result, "    ", out);
    if (style->exchanges)
        explain_transcript(result, "    ", out);
}

static void end(const struct run *run, const struct text_style *style, struct buffer *out)
{
    struct tally tally = run_tally(run);
    const char *separator = "";
    bool good = run_exit_status(run) == 0;

    for (size_t i = 0; i < run->problem_count; i++)
        buffer_appendf(out, "known failing: %s\n", run->problems[i]);
    if (run->end == RUN_UNREACHABLE)
        buffer_appendf(out, "the target cannot be reached: %s\n", run->target);
    if (run->end == RUN_INTERRUPTED)
        buffer_append_cstr(out, "the run was ended by a signal\n");
    buffer_appendf(out,
                   "%s%s%s: ", style->colour ? colours[good ? OUTCOME_PASS : OUTCOME_FAIL] : "",
                   good ? "conforming" : "not conforming", style->colour ? "\033[0m" : "");
    for (size_t i = 0; i < OUTCOME_COUNT; i++) {
        if (tally.by_outcome[i] == 0)
            continue;
        buffer_appendf(out, "%s%zu %s", separator, tally.by_outcome[i], outcome_rows[i].name);
        separator = ", ";
    }
    buffer_appendf(out, "; %zu checks, %zu rules, %.1f s\n", tally.checks, tally.rules,
                   (double)run->took_ns / (double)NS_PER_SEC);
}

void report_text(const struct run *run, enum event event, const struct result *result,
                 const struct text_style *style, struct buffer *out)
{
    switch (event) {
    case EVENT_BEGIN:
        begin(run, out);
        break;
    case EVENT_RESULT:
        one(run, result, style, out);
        break;
    case EVENT_END:
        end(run, style, out);
        break;
    }
}
