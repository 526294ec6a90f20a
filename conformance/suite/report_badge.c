#include "conformance/suite/run.h"

/* "hypeman conformance | 312 of 312": scenarios that pass, of those that were played. */
void report_badge(const struct run *run, enum event event, const struct result *result,
                  struct buffer *out)
{
    enum { LABEL_WIDTH = 140, VALUE_WIDTH = 90, HEIGHT = 20 };
    (void)result;
    if (event != EVENT_END)
        return;
    struct tally tally = run_tally(run);
    size_t pass = tally.by_outcome[OUTCOME_PASS];
    size_t played = run->count - tally.by_outcome[OUTCOME_SKIP];
    buffer_appendf(out,
                   "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
                   "role=\"img\" aria-label=\"hypeman conformance: %zu of %zu\">\n"
                   "<rect width=\"%d\" height=\"%d\" fill=\"#555\"/>\n"
                   "<rect x=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\"/>\n"
                   "<g fill=\"#fff\" text-anchor=\"middle\" font-size=\"11\" "
                   "font-family=\"Verdana,DejaVu Sans,sans-serif\">\n"
                   "<text x=\"%d\" y=\"14\">hypeman conformance</text>\n"
                   "<text x=\"%d\" y=\"14\">%zu of %zu</text>\n</g>\n</svg>\n",
                   LABEL_WIDTH + VALUE_WIDTH, HEIGHT, pass, played, LABEL_WIDTH, HEIGHT,
                   LABEL_WIDTH, VALUE_WIDTH, HEIGHT,
                   run_exit_status(run) == 0 ? "#2e7d32" : "#c62828", LABEL_WIDTH / 2,
                   LABEL_WIDTH + VALUE_WIDTH / 2, pass, played);
}
