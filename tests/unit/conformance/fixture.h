/* For tests of conformance/suite: a bundle written down in the test, what is loaded from it, and a
 * target that answers as scripted. */
#ifndef TESTKIT_TESTS_UNIT_CONFORMANCE_FIXTURE_H
#define TESTKIT_TESTS_UNIT_CONFORMANCE_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conformance/suite/bundle.h"
#include "conformance/suite/catalogue.h"
#include "conformance/suite/play.h"
#include "conformance/suite/scenario.h"
#include "conformance/suite/shapes.h"

enum { FAKE_CALLS_MAX = 64 };

/* One answer of the scripted target; the last is given again and again. */
struct fake_answer {
    int status;       /* 0: none, for the reason below */
    const char *body; /* NULL: none; JSON otherwise    */
    enum error_code failure;
    const char *grpc_code;
    bool cut;
};

struct fixture {
    struct arena arena;
    struct buffer bundle;
    struct catalogue catalogue;
    struct scenario_set set;
    struct shapes shapes;
    struct capabilities target;
    enum via via;
    /* The target: */
    const struct fake_answer *script; /* ends with an answer of all zeros */
    size_t script_at;
    char calls[FAKE_CALLS_MAX][160]; /* "POST /instances {...}" */
    size_t call_count;
    int64_t now_ns;      /* moves by a second with each pause */
    size_t cancel_after; /* calls; 0: never */
};

/* With two rules, SNAP-C-001 and SNAP-C-009, and the shape of one resource. */
void fixture_begin(struct fixture *f);
void fixture_end(struct fixture *f);
void fixture_add(struct fixture *f, const char *path, const char *bytes);
/* Loads everything; fails the test when that fails. */
void fixture_load(struct fixture *f);

/* What scenarios are played with: the scripted target, by the fixture's way. */
struct stage fixture_stage(struct fixture *f, const struct fake_answer *script);
/* Plays the first scenario of the set. Owned: result_free(). */
struct result *fixture_play(struct fixture *f, const struct fake_answer *script);
/* The same with a result that is there already. */
void fixture_play_into(struct fixture *f, const struct fake_answer *script, struct result *result);

#endif
