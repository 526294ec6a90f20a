/* What the command line says, judged. */
#ifndef TESTKIT_CONFORMANCE_SETTINGS_H
#define TESTKIT_CONFORMANCE_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/program/options.h"
#include "conformance/suite/plan.h"
#include "conformance/suite/run.h"

enum { REPORTS_MAX = 8 };

struct report_wish {
    const struct reporter *reporter;
    const char *path; /* "-" is standard output */
};

/* Borrows from the options. */
struct settings {
    const char *rest;            /* NULL: a mock of our own */
    const char *grpc;            /* NULL: a gateway of our own */
    const char *token;           /* NULL: one is made up         */
    const char *jwt_secret_file; /* NULL: not known              */
    const char *image;
    const char *known_failing; /* a file; NULL for none   */
    const char *cases;         /* a folder; NULL: our own */
    struct plan_wishes wishes;
    size_t jobs;
    int64_t deadline_ns;
    struct report_wish reports[REPORTS_MAX];
    size_t report_count;
    bool read_only;
    bool all;    /* passes too, each a line   */
    bool replay; /* and each of its exchanges */
    bool list;
    bool rules;
};

extern const struct option_spec settings_specs[];

/* Fails  INVALID_ARGUMENT  naming the flag or the variable, and what is expected */
MUST_USE bool settings_read(const struct options *options, struct settings *out, struct error *err);

#endif
