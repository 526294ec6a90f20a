#include "conformance/suite/explain.h"
#include "conformance/suite/run.h"

enum { EXPLAINED_MAX = 1 << 20 };

static void lines(struct text t, const char *indent, struct buffer *out)
{
    while (t.len > 0) {
        struct text line = text_split(&t, '\n');
        buffer_appendf(out, "%s" TEXT_FMT "\n", indent, TEXT_ARGS(line));
    }
}

/* A YAML block: the explanation stands in it as a literal, line by line. */
static void diagnose(const struct run *run, const struct result *result, struct buffer *out)
{
    SCOPED(buffer) struct buffer explained = buffer_capped(EXPLAINED_MAX);

    explain_result(run, result, "", &explained);
    buffer_appendf(out, "  ---\n  outcome: %s\n  explanation: |\n",
                   outcome_rows[result->outcome].name);
    lines(buffer_text(&explained), "    ", out);
    buffer_append_cstr(out, "  ...\n");
}

static void one(const struct run *run, const struct result *result, struct buffer *out)
{
    bool red = outcome_rows[result->outcome].red;
    bool known = result->outcome == OUTCOME_KNOWN_FAIL;

    buffer_appendf(out, "%s %zu - %s", red || known ? "not ok" : "ok", run->count, result->id);
    if (known)
        buffer_appendf(out, " # TODO %s", result->reason);
    if (result->outcome == OUTCOME_SKIP)
        buffer_appendf(out, " # SKIP %s", result->reason);
    buffer_append_byte(out, '\n');
    if (red || known)
        diagnose(run, result, out);
}

void report_tap(const struct run *run, enum event event, const struct result *result,
                struct buffer *out)
{
    switch (event) {
    case EVENT_BEGIN:
        /* All of it is TAP 14 too, whose version line the parsers in use refuse. */
        buffer_appendf(out, "TAP version 13\n1..%zu\n", run->planned);
        break;
    case EVENT_RESULT:
        one(run, result, out);
        break;
    case EVENT_END:
        for (size_t i = 0; i < run->problem_count; i++)
            buffer_appendf(out, "# known failing: %s\n", run->problems[i]);
        break;
    }
}
