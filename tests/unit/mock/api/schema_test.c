/* Walks over the schema tables; what they say is tested through the API in validator_test.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mock/api/rules.h"

static void check_object_rows(const struct schema *schema);

static void check_rows(const struct schema *schema)
{
    if (schema->type == SCHEMA_OBJECT)
        check_object_rows(schema);
    if (schema->type == SCHEMA_ARRAY || schema->type == SCHEMA_MAP) {
        assert_non_null(schema->items);
        check_rows(schema->items);
    }
}

static void check_object_rows(const struct schema *schema)
{
    bool optional_seen = false;

    for (const struct schema_member *m = schema->members; m->name != NULL; m++) {
        for (const struct schema_member *other = m + 1; other->name != NULL; other++)
            assert_string_not_equal(m->name, other->name);
        if (m->required && optional_seen)
            fail_msg("%s: required members come first", m->name);
        optional_seen = optional_seen || !m->required;
        check_rows(m->schema);
    }
}

static void required_members_come_first_and_none_is_listed_twice(void **state)
{
    (void)state;
    check_rows(&schema_create_instance);
    check_rows(&schema_create_snapshot);
    check_rows(&schema_set_schedule);
}

static void check_defaults(const struct schema *schema)
{
    if (schema->type == SCHEMA_ARRAY || schema->type == SCHEMA_MAP)
        check_defaults(schema->items);
    if (schema->type != SCHEMA_OBJECT)
        return;
    for (const struct schema_member *m = schema->members; m->name != NULL; m++) {
        struct error err = { 0 };
        check_defaults(m->schema);
        if (m->fill == DEFAULT_TEXT)
            assert_true(schema_check_text(m->schema, text_of(m->value), &err));
        else if (m->fill == DEFAULT_NUMBER)
            assert_int_equal(m->schema->type, SCHEMA_INTEGER);
        else if (m->fill != DEFAULT_NONE)
            assert_int_equal(m->schema->type, SCHEMA_BOOLEAN);
    }
}

static void defaults_fit_their_own_schema(void **state)
{
    (void)state;
    check_defaults(&schema_create_instance);
    check_defaults(&schema_create_snapshot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(required_members_come_first_and_none_is_listed_twice),
        cmocka_unit_test(defaults_fit_their_own_schema),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
