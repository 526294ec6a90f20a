/* A run as it is told: the one stream of events that all reports are made of.
 *
 * A run begins, has a result for each scenario, in the order of their ids, and ends. A reporter
 * appends what it has to say about an event to a buffer; some say everything at the end. Reporters
 * are pure and keep nothing: what they need is in the run. */
#ifndef TESTKIT_CONFORMANCE_SUITE_RUN_H
#define TESTKIT_CONFORMANCE_SUITE_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buffer.h"
#include "conformance/suite/capability.h"
#include "conformance/suite/catalogue.h"
#include "conformance/suite/result.h"
#include "conformance/suite/truth.h"

/* What makes the exit status, besides the outcomes. */
enum run_end {
    RUN_COMPLETE,
    RUN_UNREACHABLE, /* the target was not there, or went away */
    RUN_INTERRUPTED, /* a signal                               */
};

struct run {
    const char *target;  /* "http://127.0.0.1:4973" */
    const char *program; /* how to say it again: "hypeman-conformance --rest URL" */
    const char *version; /* of the suite */
    enum truth truth;
    const struct capabilities *capabilities;
    const struct catalogue *catalogue;
    const char *id;          /* what names of this run begin with */
    int64_t began_ns;        /* UTC, since 1970                   */
    int64_t took_ns;         /* known at the end                  */
    struct result **results; /* owned by whoever runs; NULL: not there yet */
    size_t planned;          /* how many there will be            */
    size_t count;            /* how many there are                */
    enum run_end end;
    const char *const *problems; /* of the known-failing file: lines that are no longer true */
    size_t problem_count;
};

struct tally {
    size_t by_outcome[OUTCOME_COUNT];
    size_t checks;
    size_t rules; /* that passing scenarios cite */
};
struct tally run_tally(const struct run *run);

/* 0 conforming, 1 failures, 3 unreachable, 4 the suite is at fault, was stopped, or did nothing. */
int run_exit_status(const struct run *run);

enum event { EVENT_BEGIN, EVENT_RESULT, EVENT_END };

struct reporter {
    const char *name; /* "junit" */
    /* result  the new one; NULL but for EVENT_RESULT */
    void (*report)(const struct run *run, enum event event, const struct result *result,
                   struct buffer *out);
};

/* Those that write a file: NAME=FILE of --report. Ends with name NULL. */
extern const struct reporter file_reporters[];

/* For people, as the run goes on.
 * colour      for a terminal
 * all         passes too, each a line
 * exchanges   and what went over the wire */
struct text_style {
    bool colour;
    bool all;
    bool exchanges;
};
void report_text(const struct run *run, enum event event, const struct result *result,
                 const struct text_style *style, struct buffer *out);

/* The rest of this folder's reporters. */
void report_json(const struct run *run, enum event event, const struct result *result,
                 struct buffer *out);
void report_junit(const struct run *run, enum event event, const struct result *result,
                  struct buffer *out);
void report_tap(const struct run *run, enum event event, const struct result *result,
                struct buffer *out);
void report_html(const struct run *run, enum event event, const struct result *result,
                 struct buffer *out);
void report_badge(const struct run *run, enum event event, const struct result *result,
                  struct buffer *out);

#endif
