#include "common/env/env.h"
#include "conformance/suite/explain.h"
#include "conformance/suite/markup.h"
#include "conformance/suite/run.h"

enum { EXPLAINED_MAX = 1 << 20 };

/* How JUnit, which knows four outcomes, calls ours. */
static const char *const elements[OUTCOME_COUNT] = {
    [OUTCOME_SKIP] = "skipped", [OUTCOME_KNOWN_FAIL] = "skipped", [OUTCOME_NOT_RUN] = "error",
    [OUTCOME_FAIL] = "failure", [OUTCOME_STALE] = "failure",      [OUTCOME_NOT_TESTABLE] = "error",
    [OUTCOME_ERROR] = "error",
};

static size_t count(const struct run *run, const char *element)
{
    size_t n = 0;

    for (size_t i = 0; i < run->count; i++) {
        const char *own = elements[run->results[i]->outcome];
        n += own != NULL && text_equal_cstr(text_of(own), element);
    }
    return n;
}

static void attribute(struct buffer *out, const char *name, struct text value)
{
    buffer_appendf(out, " %s=\"", name);
    markup_append(out, value);
    buffer_append_byte(out, '"');
}

static double seconds(int64_t ns)
{
    return (double)ns / (double)NS_PER_SEC;
}

static void one(const struct run *run, const struct result *result, struct buffer *out)
{
    SCOPED(buffer) struct buffer message = buffer_capped(EXPLAINED_MAX);
    SCOPED(buffer) struct buffer explained = buffer_capped(EXPLAINED_MAX);
    const char *element = elements[result->outcome];

    buffer_append_cstr(out, "    <testcase");
    attribute(out, "name", text_of(result->id));
    attribute(out, "classname", text_of(result->scenario->title));
    buffer_appendf(out, " time=\"%.6f\"", seconds(result->took_ns));
    if (element == NULL) {
        buffer_append_cstr(out, "/>\n");
        return;
    }
    explain_short(result, &message);
    buffer_appendf(out, ">\n      <%s", element);
    attribute(out, "message", buffer_text(&message));
    if (!text_equal_cstr(text_of(element), "skipped")) {
        attribute(out, "type", text_of(outcome_rows[result->outcome].name));
        buffer_append_byte(out, '>');
        explain_result(run, result, "", &explained);
        markup_append(out, buffer_text(&explained));
        buffer_appendf(out, "</%s>\n    </testcase>\n", element);
    } else {
        buffer_append_cstr(out, "/>\n    </testcase>\n");
    }
}

void report_junit(const struct run *run, enum event event, const struct result *result,
                  struct buffer *out)
{
    (void)result;
    if (event != EVENT_END)
        return;
    size_t failures = count(run, "failure"), errors = count(run, "error");
    buffer_appendf(out,
                   "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                   "<testsuites tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" time=\"%.6f\">\n"
                   "  <testsuite name=\"hypeman-conformance truth:%s\" tests=\"%zu\" "
                   "failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\" time=\"%.6f\">\n",
                   run->count, failures, errors, seconds(run->took_ns), truth_names[run->truth],
                   run->count, failures, errors, count(run, "skipped"), seconds(run->took_ns));
    for (size_t i = 0; i < run->count; i++)
        one(run, run->results[i], out);
    buffer_append_cstr(out, "  </testsuite>\n</testsuites>\n");
}
