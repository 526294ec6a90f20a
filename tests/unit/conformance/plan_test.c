#include "tests/unit/common/check.h"

#include "common/env/env.h"
#include "conformance/suite/coverage.h"
#include "conformance/suite/plan.h"
#include "tests/unit/conformance/fixture.h"

#define CASE(members)                                                                              \
    "{\"title\":\"t\",\"rules\":[\"SNAP-C-001\"]," members "\"steps\":[{\"request\":\"GET "        \
    "/things\",\"expect\":{\"status\":200}}]}"

static void load(struct fixture *f)
{
    fixture_begin(f);
    fixture_add(f, "cases/a/one.json", CASE(""));
    fixture_add(f, "cases/a/two.json", CASE("\"needs\":[\"virtual-clock\"],"));
    fixture_add(f, "cases/b.json", CASE("\"truth\":\"server\",\"cost\":\"30s\","));
    fixture_add(f, "cases/c.json", CASE("\"needs\":[\"hypervisor:qemu\"],\"cost\":\"40s\","));
    fixture_load(f);
}

static void a_plan_has_what_is_selected_and_names_what_the_target_lacks(void **state)
{
    (void)state;
    static const struct {
        const char *select; /* NULL: all */
        enum truth truth;
        bool known; /* what the target can do */
        bool clock;
        bool qemu;
        int64_t budget_s;
        const char *plan; /* "ID" or "ID:REASON" each */
    } rows[] = {
        { NULL, TRUTH_SPEC, false, false, false, 0, "a/one/via:rest a/two/via:rest c/via:rest " },
        { NULL, TRUTH_SERVER, false, false, false, 0,
          "a/one/via:rest a/two/via:rest b/via:rest c/via:rest " },
        { "a/**", TRUTH_SPEC, true, false, true, 0,
          "a/one/via:rest a/two/via:rest(virtual-clock: the target's clock cannot be moved) " },
        { "a/one", TRUTH_SPEC, true, false, true, 0, "a/one/via:rest " },
        { "**/via:grpc", TRUTH_SPEC, true, false, true, 0, "" },
        { "c", TRUTH_SPEC, true, true, false, 0,
          "c/via:rest(hypervisor:qemu: the target has no such hypervisor) " },
        { "*", TRUTH_SERVER, true, false, true, 60,
          "b/via:rest c/via:rest(it takes longer than what is left of --budget) " },
        { "*", TRUTH_SERVER, true, true, true, 0, "b/via:rest c/via:rest " },
    };
    struct fixture f;

    load(&f);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct plan_wishes wishes = { .truth = rows[i].truth,
                                      .vias = { [VIA_REST] = true },
                                      .budget_ns = rows[i].budget_s * NS_PER_SEC,
                                      .selects = { rows[i].select },
                                      .select_count = rows[i].select != NULL };
        struct capabilities target = { .has = { [CAPABILITY_VIRTUAL_CLOCK] = rows[i].clock },
                                       .hypervisors = { "qemu" },
                                       .hypervisor_count = rows[i].qemu };
        struct plan plan;
        struct error err = { 0 };
        SCOPED(buffer) struct buffer shown = buffer_capped(4096);
        assert_true(
            plan_make(&f.set, &wishes, rows[i].known ? &target : NULL, &f.arena, &plan, &err));
        for (size_t p = 0; p < plan.count; p++) {
            const char *skip = plan.items[p].skip;
            buffer_appendf(&shown, "%s%s%s%s ", plan.items[p].id, skip == NULL ? "" : "(",
                           skip == NULL ? "" : skip, skip == NULL ? "" : ")");
        }
        assert_text(buffer_text(&shown), rows[i].plan);
    }
    fixture_end(&f);
}

static void twins_need_worlds(void **state)
{
    (void)state;
    const struct plan_wishes wishes = { .vias = { [VIA_BOTH] = true } };
    struct fixture f;

    load(&f);
    for (int worlds = 0; worlds < 2; worlds++) {
        const struct capabilities target = { .has = { [CAPABILITY_WORLDS] = worlds == 1 } };
        struct plan plan;
        struct error err = { 0 };
        assert_true(plan_make(&f.set, &wishes, &target, &f.arena, &plan, &err));
        assert_string_equal(plan.items[0].id, "a/one/via:both");
        assert_int_equal(plan.items[0].skip == NULL, worlds == 1);
        if (worlds == 0)
            assert_string_equal(plan.items[0].skip,
                                "the target has no worlds of its own for each scenario");
    }
    fixture_end(&f);
}

static void coverage_counts_tested_excluded_and_open_rules(void **state)
{
    (void)state;
    SCOPED(buffer) struct buffer out = buffer_capped(4096);
    struct fixture f;

    fixture_begin(&f);
    fixture_add(&f, "contract/z.md", "| id | rule |\n| AUX-001 | x |\n| AUX-002 | x |\n");
    fixture_add(&f, "exclusions.txt", "AUX-002 it is somewhere else\n");
    fixture_add(&f, "cases/a.json", CASE(""));
    fixture_load(&f);
    coverage_report(&f.catalogue, &f.set, &f.shapes, &out);
    assert_text(buffer_text(&out), "SNAP-C-001     tested    a\n"
                                   "SNAP-C-009     tested    every exchange\n"
                                   "ERR-001        tested    every exchange\n"
                                   "AUX-001        gap       \n"
                                   "AUX-002        excluded  it is somewhere else\n"
                                   "\n"
                                   "                    rules tested excluded    gap  tested\n"
                                   "snapshots               3      3        0      0  100.0%\n"
                                   "z                       2      0        1      1    0.0%\n"
                                   "all                     5      3        1      1   75.0%\n");
    fixture_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plan_has_what_is_selected_and_names_what_the_target_lacks),
        cmocka_unit_test(twins_need_worlds),
        cmocka_unit_test(coverage_counts_tested_excluded_and_open_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
