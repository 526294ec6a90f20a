#include "tests/unit/common/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/env/env.h"
#include "common/program/read_file.h"
#include "conformance/suite/run.h"
#include "tests/unit/conformance/fixture.h"

/* Two scenarios, one of which fails in two ways; then what the other outcomes look like. Written
 * again with TESTKIT_REGENERATE=1. */
struct planted {
    struct fixture f;
    struct result *results[5];
    struct run run;
};

static void plant(struct planted *p)
{
    static const char *const problems[] = { "line 3: x/** fits no scenario" };
    static const struct fake_answer bad[] = {
        { .status = 200, .body = "{\"id\":\"x<&\\\"\",\"name\":null,\"kind\":\"Standby\"}" }, { 0 }
    };

    fixture_begin(&p->f);
    fixture_add(&p->f, "cases/a.json",
                "{\"title\":\"It's <one>\",\"steps\":[{\"request\":\"GET /things/a\",\"repeat\":2,"
                "\"rules\":[\"SNAP-C-001\"],\"expect\":{\"status\":200}},{\"request\":\"GET "
                "/things/b\",\"headers\":{\"X-A\":\"it's\"},\"expect\":{\"status\":404}}]}");
    fixture_load(&p->f);
    static const enum outcome outcomes[] = { OUTCOME_FAIL, OUTCOME_PASS, OUTCOME_SKIP,
                                             OUTCOME_KNOWN_FAIL, OUTCOME_NOT_RUN };
    static const char *const reasons[] = { NULL, NULL, "auth: none", "issue 7",
                                           "the run was ended" };
    for (size_t i = 0; i < ARRAY_LEN(outcomes); i++) {
        p->results[i] =
            i == 0 ? fixture_play(&p->f, bad) : result_new(&p->f.set.items[0], VIA_REST);
        p->results[i]->took_ns = (int64_t)i * NS_PER_MS;
        assert_true(i > 0 || p->results[i]->outcome == OUTCOME_FAIL);
        p->results[i]->outcome = outcomes[i];
        p->results[i]->reason = reasons[i];
    }
    p->run = (struct run){ .target = "http://127.0.0.1:1",
                           .program = "hypeman-conformance --rest http://127.0.0.1:1",
                           .version = "1.2.3",
                           .capabilities = &p->f.target,
                           .catalogue = &p->f.catalogue,
                           .id = "hc1",
                           .began_ns = INT64_C(1767225600) * NS_PER_SEC,
                           .took_ns = 1500 * NS_PER_MS,
                           .results = p->results,
                           .planned = ARRAY_LEN(outcomes),
                           .problems = problems,
                           .problem_count = 1 };
}

static void uproot(struct planted *p)
{
    for (size_t i = 0; i < ARRAY_LEN(p->results); i++)
        result_free(p->results[i]);
    fixture_end(&p->f);
}

static void assert_golden(const char *name, struct text got)
{
    SCOPED(buffer) struct buffer wanted = buffer_capped(1 << 20);
    struct error err = { 0 };
    char path[512];

    (void)snprintf(path, sizeof path, "%s/%s", GOLDEN, name);
    if (getenv("TESTKIT_REGENERATE") != NULL) {
        FILE *file = fopen(path, "we");
        assert_non_null(file);
        assert_int_equal(fwrite(got.data, 1, got.len, file), got.len);
        assert_int_equal(fclose(file), 0);
    }
    assert_true(read_file(path, 1 << 20, &wanted, &err));
    if (!text_equal(got, buffer_text(&wanted)))
        fail_msg("%s is now:\n" TEXT_FMT, name, TEXT_ARGS(got));
}

static void plain(const struct run *run, enum event event, const struct result *result,
                  struct buffer *out)
{
    const struct text_style style = { .all = true };

    report_text(run, event, result, &style, out);
}

static void coloured(const struct run *run, enum event event, const struct result *result,
                     struct buffer *out)
{
    const struct text_style style = { .colour = true };

    report_text(run, event, result, &style, out);
}

static void every_report_is_as_it_was(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        void (*report)(const struct run *run, enum event event, const struct result *result,
                       struct buffer *out);
    } rows[] = {
        { "plain.txt", plain },          { "coloured.txt", coloured },
        { "report.jsonl", report_json }, { "junit.xml", report_junit },
        { "report.tap", report_tap },    { "report.html", report_html },
        { "badge.svg", report_badge },
    };
    struct planted p;

    plant(&p);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        SCOPED(buffer) struct buffer out = buffer_capped(1 << 20);
        p.run.count = 0;
        rows[i].report(&p.run, EVENT_BEGIN, NULL, &out);
        while (p.run.count < p.run.planned) {
            p.run.count++;
            rows[i].report(&p.run, EVENT_RESULT, p.results[p.run.count - 1], &out);
        }
        rows[i].report(&p.run, EVENT_END, NULL, &out);
        assert_golden(rows[i].file, buffer_text(&out));
    }
    uproot(&p);
}

static void the_kinds_of_report_are_named_once_each(void **state)
{
    (void)state;
    for (size_t i = 0; file_reporters[i].name != NULL; i++) {
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(file_reporters[i].name, file_reporters[k].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_report_is_as_it_was),
        cmocka_unit_test(the_kinds_of_report_are_named_once_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
