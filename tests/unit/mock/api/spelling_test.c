/* Members under another letter case: BIND-004, SNAP-X-026, VALID-037. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/mock/api/api_fixture.h"

#define NOT_A_NAME                                                                                 \
    "invalid request: name must contain only lowercase letters, digits, and dashes; cannot start " \
    "or end with a dash"

static void create_snapshot(struct api_fixture *f, const char *body)
{
    post(f, "/instances/vm-1/snapshots", body);
}

static void an_optional_member_counts_under_any_case_and_the_last_written_wins(void **state)
{
    static const struct {
        const char *body;
        const char *name; /* in the answer */
    } cases[] = {
        { "{\"kind\":\"Standby\",\"Name\":\"a\"}", "\"name\":\"a\"" },
        { "{\"kind\":\"Standby\",\"name\":\"b\",\"NAME\":\"c\"}", "\"name\":\"c\"" },
        { "{\"kind\":\"Standby\",\"NAME\":\"d\",\"name\":\"e\"}", "\"name\":\"e\"" },
        { "{\"Kind\":\"Stopped\",\"kind\":\"Standby\"}", "\"kind\":\"Standby\"" },
        { "{\"kind\":\"Standby\",\"Tags\":{\"k\":\"v\"}}", "\"tags\":{\"k\":\"v\"}" },
        { "{\"kind\":\"Standby\",\"compression\":{\"enabled\":true,\"Level\":7}}", "\"level\":7" },
    };
    struct api_fixture *f = *state;
    given_instance(f, "{\"name\":\"vm-1\",\"image\":\"alpine\"}");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        create_snapshot(f, cases[i].body);
        expect_status(f, 201);
        expect_contains(f, cases[i].name);
    }
}

static void a_required_member_is_needed_under_its_exact_name(void **state) /* VALID-037 */
{
    struct api_fixture *f = *state;
    given_instance(f, "{\"name\":\"vm-1\",\"image\":\"alpine\"}");
    create_snapshot(f, "{\"Kind\":\"Standby\"}");
    expect_bad_request(f,
                       "request body has an error: doesn't match schema "
                       "#/components/schemas/CreateSnapshotRequest: Error at \"/kind\": property "
                       "\"kind\" is missing");
}

static void what_the_validator_did_not_see_is_judged_all_the_same(void **state) /* SNAP-X-026 */
{
    struct api_fixture *f = *state;
    given_instance(f, "{\"name\":\"vm-1\",\"image\":\"alpine\"}");
    create_snapshot(f, "{\"kind\":\"Standby\",\"Name\":\"BAD NAME\"}");
    expect_error(f, 400, "invalid_request", NOT_A_NAME);
    create_snapshot(f, "{\"kind\":\"Standby\",\"Name\":5}");
    expect_error(f, 400, "invalid_request", NOT_A_NAME);
    create_snapshot(f, "{\"kind\":\"Standby\",\"Tags\":[1]}");
    expect_status(f, 400);
    create_snapshot(f, "{\"kind\":\"Standby\",\"KIND\":\"bogus\"}");
    expect_status(f, 400);
    get(f, "/snapshots");
    expect_json(f, 200, "[]\n");
}

/* A body that got a default is written anew with sorted keys: the lower-case spelling is the last
 * one then, and a member with a default has its exact name. */
static void with_defaults_the_lower_case_spelling_wins(void **state)
{
    struct api_fixture *f = *state;
    post(f, "/instances",
         "{\"name\":\"a\",\"image\":\"alpine\",\"env\":{\"A\":\"1\"},\"ENV\":{\"B\":\"2\"}}");
    expect_status(f, 201);
    expect_contains(f, "\"env\":{\"A\":\"1\"}");
    post(f, "/instances",
         "{\"name\":\"b\",\"image\":\"alpine\",\"VCPUS\":4,\"Hypervisor\":\"qemu\"}");
    expect_status(f, 201);
    expect_contains(f, "\"vcpus\":2");
    expect_contains(f, "\"hypervisor\":\"qemu\"");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, api_setup, api_teardown)
    const struct CMUnitTest tests[] = {
        TEST(an_optional_member_counts_under_any_case_and_the_last_written_wins),
        TEST(a_required_member_is_needed_under_its_exact_name),
        TEST(what_the_validator_did_not_see_is_judged_all_the_same),
        TEST(with_defaults_the_lower_case_spelling_wins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
