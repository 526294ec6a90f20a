#include "tests/unit/common/check.h"

#include "conformance/suite/bundle.h"
#include "conformance/suite/catalogue.h"
#include "tests/unit/conformance/fixture.h"

static void a_rule_is_a_row_and_its_sentence_leaves_out_where_it_was_found(void **state)
{
    (void)state;
    struct fixture f;
    struct error err = { 0 };

    fixture_begin(&f);
    assert_true(catalogue_load(buffer_text(&f.bundle), &f.arena, &f.catalogue, &err));
    assert_int_equal(f.catalogue.count, 3);
    const struct rule *rule = catalogue_find(&f.catalogue, TEXT("SNAP-C-009"));
    assert_non_null(rule);
    assert_string_equal(rule->sentence, "a bad name: 400 `a|b`");
    assert_string_equal(rule->document, "snapshots");
    assert_null(rule->excluded);
    assert_null(catalogue_find(&f.catalogue, TEXT("SNAP-C-002")));
    assert_null(catalogue_find(&f.catalogue, TEXT("SNAP-C-00")));
    fixture_end(&f);
}

static void exclusions_say_why_for_rules_that_there_are(void **state)
{
    (void)state;
    static const struct {
        const char *lines;
        const char *message; /* NULL: fine */
    } rows[] = {
        { "# nothing\n\nSNAP-C-001 cannot be seen\n", NULL },
        { "SNAP-C-001..SNAP-C-009  cannot be seen\n", NULL },
        { "SNAP-C-001\n", "exclusions.txt: SNAP-C-001 is excluded without a reason" },
        { "SNAP-C-002 why\n", "exclusions.txt: SNAP-C-002 fits no rule" },
        { "SNAP-C-001 why\nSNAP-C-001..SNAP-C-009 why\n",
          "exclusions.txt: SNAP-C-001 is excluded twice" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fixture f;
        struct error err = { 0 };
        fixture_begin(&f);
        fixture_add(&f, "exclusions.txt", rows[i].lines);
        bool ok = catalogue_load(buffer_text(&f.bundle), &f.arena, &f.catalogue, &err);
        if (rows[i].message == NULL) {
            assert_true(ok);
            assert_string_equal(catalogue_find(&f.catalogue, TEXT("SNAP-C-001"))->excluded,
                                "cannot be seen");
        } else {
            assert_false(ok);
            assert_error(err, ERROR_INVALID_ARGUMENT, rows[i].message);
        }
        fixture_end(&f);
    }
}

static void a_rule_that_stands_twice_is_refused(void **state)
{
    (void)state;
    struct fixture f;
    struct error err = { 0 };

    fixture_begin(&f);
    fixture_add(&f, "contract/again.md", "| id | rule |\n| SNAP-C-001 | once more |\n");
    assert_false(catalogue_load(buffer_text(&f.bundle), &f.arena, &f.catalogue, &err));
    assert_error(err, ERROR_INVALID_ARGUMENT, "the contract has SNAP-C-001 twice");
    fixture_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rule_is_a_row_and_its_sentence_leaves_out_where_it_was_found),
        cmocka_unit_test(exclusions_say_why_for_rules_that_there_are),
        cmocka_unit_test(a_rule_that_stands_twice_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
